"""The twin, asked for somebody of the team: a thread of its own, so that the screen never waits for a network."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlencode

from access.facts import instant
from kiosk.office import (
    CloseReports,
    DayHours,
    GiveCard,
    Lend,
    Lock,
    NotDone,
    Noted,
    NoteService,
    Obstacle,
    OfficeAnswer,
    OfficeAsk,
    OpenReport,
    PastFault,
    PastRun,
    ReadRecord,
    Record,
    Unlock,
)
from server_sync.client import HttpTransport, TwinRefused, TwinUnreachable

PATH = "/api/kiosk/team/"
PATIENCE_S = 8.0
"""How long one piece of an answer may take; whoever waits can go back meanwhile."""
_PLACES: dict[type, str] = {
    Lock: "lock",
    Unlock: "unlock",
    NoteService: "service",
    CloseReports: "reports",
    Lend: "lend",
    GiveCard: "card",
}
_OBSTACLES = {
    "badge_taken": Obstacle.BADGE_TAKEN,
    "no_badge": Obstacle.NO_BADGE,
    "no_desk": Obstacle.NO_DESK,
}

log = logging.getLogger(__name__)

_Errand = tuple[str, OfficeAsk, Callable[[OfficeAnswer], None]]


class TwinOffice:
    """A `kiosk.ports.Office` over the network."""

    def __init__(self, transport: HttpTransport, number_of: Callable[[str], str | None]) -> None:
        """`number_of`: the number of the badge with this tag, if it is the one that was read last."""
        self._transport = transport
        self._number_of = number_of
        self._errands: SimpleQueue[_Errand | None] = SimpleQueue()
        threading.Thread(target=self._carry, name="office", daemon=True).start()

    def ask(self, badge: str, ask: OfficeAsk, answered: Callable[[OfficeAnswer], None]) -> None:
        """See `kiosk.ports.Office`."""
        self._errands.put((badge, ask, answered))

    def close(self) -> None:
        """See `kiosk.ports.Office`."""
        self._errands.put(None)

    def _carry(self) -> None:
        while (errand := self._errands.get()) is not None:
            badge, ask, answered = errand
            answered(self.answer(badge, ask))

    def answer(self, badge: str, ask: OfficeAsk) -> OfficeAnswer:
        """What the twin says; it blocks."""
        try:
            return self._asked(badge, ask)
        except TwinUnreachable as error:
            log.warning("office: %s", error)
            return NotDone(Obstacle.AWAY)
        except TwinRefused as error:
            log.warning("office: %s", error.error or error)
            return NotDone(_OBSTACLES.get(error.error, Obstacle.NOT_ALLOWED))
        except (KeyError, TypeError, ValueError) as error:
            log.warning("office: the twin's answer makes no sense: %s: %s", type(error).__name__, error)
            return NotDone(Obstacle.AWAY)

    def _asked(self, badge: str, ask: OfficeAsk) -> OfficeAnswer:
        if isinstance(ask, ReadRecord):
            query = urlencode({"machine": ask.machine, "badge": badge})
            return record_of(json.loads(self._transport.get(f"{PATH}record?{query}", PATIENCE_S)))
        body = asdict(ask)
        if isinstance(ask, Lend):
            number = self._number_of(body.pop("tag"))
            if number is None:
                return NotDone(Obstacle.NO_BADGE)
            body["number"] = number
        body |= body.pop("card", {})
        place = f"{PATH}{_PLACES[type(ask)]}?{urlencode({'badge': badge})}"
        told = json.loads(self._transport.post(place, json.dumps(body).encode()))
        return Noted(instant(told["until"]) if "until" in told else None)


def record_of(raw: Mapping[str, Any]) -> Record:
    """A machine's record from the twin's JSON. KeyError, TypeError or ValueError where it is none."""
    service = raw["service"]
    return Record(
        powered_ms=int(raw["total"]["powered_ms"]),
        running_ms=int(raw["total"]["running_ms"]),
        counted_ms=int(service["since"]["counted_ms"]),
        every_hours=None if service["every_hours"] is None else float(service["every_hours"]),
        served_at=None if service["at"] is None else instant(service["at"]),
        served_by=service["by"],
        days=tuple(
            DayHours(date.fromisoformat(day["date"]), int(day["powered_ms"]), int(day["running_ms"]))
            for day in raw["days"]
        ),
        runs=tuple(_run(run) for run in raw["runs"]),
        faults=tuple(_fault(fault) for fault in raw["faults"]),
        reports=tuple(OpenReport(instant(report["at"]), str(report["what"])) for report in raw["reports"]),
        locked_by=raw["locked_by"],
        locked_why=raw["locked_why"],
        missing=int(raw["missing_rows"]),
    )


def _run(raw: Mapping[str, Any]) -> PastRun:
    hours = instant(raw["started"]), instant(raw["ended"])
    return PastRun(*hours, raw["member"], int(raw["powered_ms"]), int(raw["running_ms"]), str(raw["end_reason"]))


def _fault(raw: Mapping[str, Any]) -> PastFault:
    cleared = None if raw["cleared"] is None else instant(raw["cleared"])
    return PastFault(instant(raw["at"]), str(raw["kind"]), cleared)
