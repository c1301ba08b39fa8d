"""What a busy day costs the card: bytes written and syncs, counted by the disk itself."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from controller.events import MotorChanged
from controller.timekeeping import Anchor, keep
from hardware.clock import SimulatedClock
from lisiere.doctor.wear import BYTES_A_DAY, SYNCS_A_DAY, syncs
from server_sync.identity import Counter, PrivateKey, seal
from server_sync.replica_store import ReplicaStore
from server_sync.replica_wire import replica_to_bytes
from server_sync.worker import KEEP_MS
from tests.durability.disk import CrashDisk
from tests.durability.unit import START, STRANGER, Unit, booked, replica

SESSIONS = 20
MINUTES = 30.0
REPLICAS_A_DAY = 100
REPLIES_A_DAY = int(timedelta(days=1).total_seconds()) * 1000 // KEEP_MS
REQUESTS_A_DAY = 24 * 3600 // 15 * 2
ALLOWANCE = 15_000_000
"""How much of the day's bytes the files other than the journal may take."""


def busy_day(disk: CrashDisk) -> Unit:
    """Ten powered hours in twenty sessions, a hundred taps."""
    sessions = tuple(booked(f"b{n}", n * MINUTES, MINUTES) for n in range(SESSIONS))
    unit = Unit(SimulatedClock(START, has_rtc=True), sessions)
    for _ in range(SESSIONS):
        unit.tap()
        unit.handle(MotorChanged(2.0))
        for _ in range(3):
            unit.pass_time(MINUTES * 15)
            assert unit.live
            unit.tap(STRANGER)
        unit.pass_time(MINUTES * 15 - 1)
        unit.tap()
        assert not unit.live
        unit.pass_time(1)
    return unit


def test_a_busy_day_stays_within_what_a_card_bears(disk: CrashDisk) -> None:
    """The journal of ten powered hours and a hundred taps takes its share of 50 MB, and at most 6,000 syncs."""
    busy_day(disk).close()
    assert disk.bytes_written <= BYTES_A_DAY - ALLOWANCE
    assert disk.syncs <= SYNCS_A_DAY


def test_the_doctor_reckons_the_syncs_as_the_disk_counts_them(disk: CrashDisk) -> None:
    """What `lisiere doctor` works out from rows and powered hours is what the disk counted, or a little more."""
    unit = busy_day(disk)
    checkpoints = round(SESSIONS * MINUTES * 60 / 10)
    assert disk.syncs <= syncs(len(unit.rows()), checkpoints) <= disk.syncs * 1.1
    unit.close()


def _handed_to_the_system() -> int:
    """How many bytes this process has handed to the system to write, ever."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["wchar"])


def test_the_other_files_of_a_day_stay_within_their_allowance(tmp_path: Path) -> None:
    """A day's replicas and replies kept, numbers reserved and clock noted write at most 15 MB."""
    key = PrivateKey.load_or_make(tmp_path / "key")
    day = replica(tuple(booked(f"b{n}", n * MINUTES, MINUTES) for n in range(200)))
    sealed = seal(replica_to_bytes(day), key)
    before = _handed_to_the_system()
    with closing(ReplicaStore(tmp_path / "replica.db", key.public)) as store:
        for _ in range(REPLICAS_A_DAY):
            store.keep_replica(sealed)
        for _ in range(REPLIES_A_DAY):
            store.keep_reply(sealed[:4_000])
    number = Counter(tmp_path / "counter")
    for _ in range(REQUESTS_A_DAY):
        number()
    keep(Anchor(SimulatedClock(START).read()), tmp_path / "clock.json")
    written = _handed_to_the_system() - before
    assert written <= ALLOWANCE
