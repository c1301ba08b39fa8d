"""The kiosk's way to the twin for the team: over TLS, to a process of its own, and to one that is gone."""

import json
from pathlib import Path
from queue import SimpleQueue

import pytest

from access.machines import Machine
from access.people import Role
from access.vocabulary import LockReason
from controller.config import TWIN_AUTHORITY, load
from kiosk.office import Lend, Lock, NotDone, Noted, Obstacle, OfficeAnswer, OfficeAsk, ReadRecord, Record
from kiosk.twin_office import TwinOffice, record_of
from lisiere.enrol import Enrolment, enrol
from server_sync.client import HttpTransport
from server_sync.identity import Counter, PrivateKey, RequestSigner, badge_tag
from tests.lisiere.twins import running_twin
from twin.people import People
from twin.serve import code, token
from twin.store import Store

CARL, DAY_BADGE = "04C1C1C1C1C1C1", "04DADADADADADA"


def answer(office: TwinOffice, tag: str, ask: OfficeAsk) -> OfficeAnswer:
    """What comes of it, from the office's own thread."""
    told: SimpleQueue[OfficeAnswer] = SimpleQueue()
    office.ask(tag, ask, told.put)
    return told.get(timeout=30)


def test_a_kiosk_asks_a_real_twin(tmp_path: Path) -> None:
    """A record and a lock by a technician's badge; nothing by a stranger's; and a twin that is gone is away."""
    data, folder = tmp_path / "twin", tmp_path / "kiosk"
    token(data, "admin")
    store = Store(data / "twin.db")
    people = People(store)
    people.put_machine(Machine("saw"), "Scie", service_hours=50)
    people.put_member("carl", [CARL], role=Role.TECHNICIAN)
    store.close()
    with running_twin(data) as twin:
        enrol(Enrolment(folder, twin.url, code(data, "kiosk-1", None), "usb"))
        config, key = load(folder), PrivateKey.load_or_make(folder / "unit.key")
        signer = RequestSigner("kiosk-1", key, "twin", Counter(folder / "counter"))
        tag = badge_tag(CARL, bytes.fromhex(config.tag_key))
        transport = HttpTransport(config.twin, signer, folder / TWIN_AUTHORITY)
        office = TwinOffice(transport, {"day": DAY_BADGE}.get)
        record = answer(office, tag, ReadRecord("k1", "saw"))
        assert isinstance(record, Record) and record.every_hours == 50 and len(record.days) == 14
        assert answer(office, tag, Lock("k2", "saw", LockReason.BROKEN)) == Noted()
        locked = answer(office, tag, ReadRecord("k3", "saw"))
        assert isinstance(locked, Record) and (locked.locked_by, locked.locked_why) == ("carl", "broken")
        assert answer(office, tag, Lend("k4", "carl", "day")) == NotDone(Obstacle.NOT_ALLOWED)
        assert answer(office, "nobody's", ReadRecord("k5", "saw")) == NotDone(Obstacle.NOT_ALLOWED)
    assert answer(office, tag, ReadRecord("k6", "saw")) == NotDone(Obstacle.AWAY)
    office.close()


@pytest.mark.parametrize("raw", [{}, {"total": 1}, json.loads('{"total": {"powered_ms": "x"}, "service": {}}')])
def test_an_answer_that_is_no_record_is_none(raw: dict[str, object]) -> None:
    """Nonsense from the twin is an error that the office takes for its absence, and never a crash."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        record_of(raw)
