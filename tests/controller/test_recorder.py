"""What happens to facts while the disk is full, and after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.facts import Booted, Fact
from controller.events import DiskChanged, Event, Unwritten, Written
from controller.journal import Journal
from controller.journal_row import Checkpoint, Stamped
from controller.loop import RecorderThread
from controller.recorder import Batch, Recorder
from hardware.disk import SimulatedDisk
from tests.access.workshop import NOON


def fact(n: int) -> Fact:
    """Any fact, with a number to know it by."""
    return Booted(n, "power")


def batch(*numbers: int, awaited: bool = False) -> Batch:
    """Facts to be written together."""
    return Batch(tuple(Stamped(NOON, n, 1, fact(n)) for n in numbers), awaited)


class Desk:
    """A recorder on a real file, and everything that it says."""

    def __init__(self, path: Path) -> None:
        self.disk = SimulatedDisk()
        self.journal = Journal(path, "m1", self.disk, lambda n: bytes(n), 1)
        self.said: list[Event] = []
        self.recorder = Recorder(self.journal, self.said.append)

    def on_disk(self) -> list[int]:
        """The numbers of the facts on disk, in their order."""
        return [row.fields["boot"] for row in self.journal.reader().all_rows()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A recorder with an empty journal."""
    made = Desk(tmp_path / "journal.db")
    yield made
    made.journal.close()


def test_what_is_written_is_said_with_its_number(desk: Desk) -> None:
    """A batch is answered by its facts, the epoch and the number of its first row."""
    desk.recorder.record(batch(1))
    desk.recorder.record(batch(2, 3, awaited=True))
    assert desk.said == [Written((fact(1),), 1, 1), Written((fact(2), fact(3)), 1, 2)]


def test_on_a_full_disk_what_is_awaited_is_dropped_and_the_rest_waits(desk: Desk) -> None:
    """While the disk is full awaited facts are given up at once; the others wait, and come first afterwards."""
    desk.disk.full = True
    desk.recorder.record(batch(1))
    desk.recorder.record(batch(2, awaited=True))
    desk.recorder.record(batch(3))
    assert desk.said == [DiskChanged(full=True), Unwritten((fact(2),))]
    assert desk.recorder.failing and desk.recorder.waiting == 2
    desk.disk.full = False
    desk.recorder.record(batch(4, awaited=True))
    assert desk.said[2:] == [Written((fact(1), fact(3), fact(4)), 1, 1), DiskChanged(full=False)]
    assert desk.on_disk() == [1, 3, 4]


def test_a_probe_writes_what_waits(desk: Desk) -> None:
    """A disk that has room again is noticed without a tap, and takes what waited."""
    desk.disk.full = True
    desk.recorder.record(batch(1))
    desk.recorder.probe()
    desk.disk.full = False
    desk.recorder.probe()
    assert desk.said == [DiskChanged(full=True), Written((fact(1),), 1, 1), DiskChanged(full=False)]
    desk.recorder.probe()
    assert len(desk.said) == 3


def test_a_checkpoint_that_fails_tells_of_the_disk(desk: Desk) -> None:
    """A checkpoint is dropped on a full disk, and says so once."""
    desk.disk.full = True
    desk.recorder.checkpoint(Checkpoint("r", 1, 0))
    desk.recorder.checkpoint(Checkpoint("r", 2, 0))
    assert desk.said == [DiskChanged(full=True)] and desk.journal.last_checkpoint() is None


does = st.sampled_from(["fill", "free", "record", "await", "probe", "checkpoint"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.lists(does, max_size=25))
def test_nothing_is_lost_or_moved(tmp_path_factory: pytest.TempPathFactory, what: list[str]) -> None:
    """Whenever the disk fills and frees, every fact that nobody awaits gets to disk, in order; an awaited one is
    either on disk and said to be, or neither."""
    desk = Desk(tmp_path_factory.mktemp("desk") / "journal.db")
    kept: list[int] = []
    for n, word in enumerate(what):
        match word:
            case "fill" | "free":
                desk.disk.full = word == "fill"
            case "record" | "await":
                awaited = word == "await"
                if not (awaited and desk.disk.full):
                    kept.append(n)
                desk.recorder.record(batch(n, awaited=awaited))
            case "probe":
                desk.recorder.probe()
            case _:
                desk.recorder.checkpoint(Checkpoint("r", n, 0))
    desk.disk.full = False
    desk.recorder.probe()
    assert desk.on_disk() == kept
    told = [one for event in desk.said if isinstance(event, Written) for one in event.facts]
    assert told == list(map(fact, kept))
    assert not desk.recorder.failing and desk.recorder.waiting == 0
    desk.journal.close()


def test_the_thread_writes_what_is_left_before_it_ends(desk: Desk) -> None:
    """Everything handed to the recorder's thread before it is closed is on disk afterwards, in order."""
    thread = RecorderThread(desk.recorder)
    thread.start()
    for n in range(20):
        thread.record(batch(n))
    thread.checkpoint(Checkpoint("r", 5, 0))
    thread.close()
    assert desk.on_disk() == list(range(20)) and desk.journal.last_checkpoint() == Checkpoint("r", 5, 0)
