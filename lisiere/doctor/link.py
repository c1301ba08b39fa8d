"""Does the twin answer, when did it last, and how much waits for it?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from access.replica import Replica
from lisiere.doctor.ages import age
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.patient import Journalled, Patient
from lisiere.log.unit import JOURNAL
from server_sync.wire import MAX_ROWS, ExchangeReply
from server_sync.worker import KEEP_MS

TOPIC = "link"
TIMEOUT = (3.05, 5.0)
QUIET = timedelta(milliseconds=2 * KEEP_MS)
"""A unit keeps the twin's word every KEEP_MS at the latest: what is twice as old was not renewed."""
CABLE = (
    "look at the cable or the Wi-Fi, and whether the twin's computer is on; the unit goes on alone meanwhile"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """That the twin answered, the time it says, if any, and ours then."""

    time: datetime | None
    asked: datetime


def ask(url: str, authority: Path) -> Answer | str:
    """The twin's answer to `/healthz`, or why there is none. `authority`: the only one whose word counts."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority)
        try:
            answer = session.get(url.rstrip("/") + "/healthz", timeout=TIMEOUT, allow_redirects=False)
        except requests.exceptions.SSLError:
            return "not the one this unit was enrolled at, or has another name: its certificate is refused"
        except (requests.RequestException, OSError, ValueError) as error:
            return f"not reachable ({type(error).__name__})"
    if answer.status_code != 200:
        return f"answers {answer.status_code}"
    return Answer(_date(answer), datetime.now(UTC))


def _date(answer: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return None


def check_link(patient: Patient, answer: Answer | str) -> list[Finding]:
    """The twin, the last exchange, the rows that wait."""
    return [_twin(patient, answer), *_exchange(patient)]


def _twin(patient: Patient, answer: Answer | str) -> Finding:
    if isinstance(answer, str):
        return attention(TOPIC, f"the twin is {answer}", patient.config.twin, CABLE)
    return ok(TOPIC, "the twin answers", patient.config.twin)


def _exchange(patient: Patient) -> list[Finding]:
    kept = patient.kept
    if isinstance(kept, str) or kept.reply is None:
        return []
    since = patient.now - kept.reply.time
    said = f"last exchange {age(since)} ago"
    where = str(patient.folder / "replica.db")
    found = [ok(TOPIC, said, where) if since <= QUIET else attention(TOPIC, said, where, CABLE)]
    if isinstance(patient.journalled, str):
        return found
    return [
        *found,
        _backlog(_waiting(patient.journalled, kept.replica, kept.reply), str(patient.folder / JOURNAL)),
    ]


def _waiting(journalled: Journalled, replica: Replica, reply: ExchangeReply) -> int:
    """The rows that the twin had not acknowledged when its word was kept last. Below zero: the twin has more."""
    another_journal = replica.acked[0] not in (0, journalled.epoch)
    return journalled.last_seq - (0 if another_journal else reply.acked)


def _backlog(waiting: int, where: str) -> Finding:
    if waiting < 0:
        what = f"the twin has {-waiting} rows more than the journal: rows were lost here"
        return bad(
            TOPIC, what, where, "stop the unit and put the file away, unchanged: the unit begins a new one"
        )
    what = f"rows that wait for the twin: {waiting} at most"
    if waiting > MAX_ROWS:
        return attention(TOPIC, what, where, "they go up by themselves once the twin is reached")
    return ok(TOPIC, what, where)
