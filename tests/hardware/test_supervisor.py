"""The reader's process under its supervisor: what happens when it hangs, dies, or talks nonsense."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from access.people import Strength
from hardware.badge_reader import nfc
from hardware.badge_reader.keys import CardKey, no_keys
from hardware.badge_reader.lines import Line, Said, line_of
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.process import TEST_EVERY_S, Every, sense_once
from hardware.badge_reader.reading import Reading
from hardware.badge_reader.simulated import SoftwareTag
from hardware.badge_reader.simulated.cards import Desfire, Ntag215, Ntag424
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.badge_reader.supervisor import (
    SILENT_S,
    START_S,
    TAP_S,
    ReaderProcess,
    Watch,
    command_for,
    wait_before_restart,
)
from tests.hardware.cards import MASTER, CutShort, Endless, Fleeting, Greedy, clone, keys_of, ours
from tests.hardware.waiting import eventually, running

UID, OTHER = "04A1B2C3D4E5F6", "04EEEEEEEEEEEE"

SCRIPT = """
import pathlib, sys, time
first = not pathlib.Path(sys.argv[1]).exists()
pathlib.Path(sys.argv[1]).touch()
print('{"said": "alive", "text": ""}', flush=True)
if first:
    print(sys.argv[2], flush=True)
while True:
    time.sleep(0.5)
    print('{"said": "alive", "text": ""}', flush=True)
"""
"""A process that says something odd in its first life, and is well in its second."""


WRONG = [Line(Said.SENSED).encode(), Line(Said.READ, "12").encode(), Line(Said.GONE, "so").encode(), b"hello"]


class Log:
    """What a reader told."""

    def __init__(self, reader: ReaderProcess) -> None:
        self.badges: list[str] = []
        self.lost: list[bool] = []
        reader.start(lambda reading: self.badges.append(reading.uid), self.lost.append)


def gone(pid: int) -> bool:
    """True when a process has ended, whether or not anybody has noticed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("said", WRONG)
def test_a_process_that_goes_wrong_is_replaced(tmp_path: Path, said: bytes) -> None:
    """A process that hangs in a tap (though alive), talks nonsense or gives up is told lost, and replaced."""
    reader = ReaderProcess((sys.executable, "-c", SCRIPT, str(tmp_path / "ran"), said.decode()))
    log = Log(reader)
    eventually(lambda: log.lost == [True, False])
    reader.close()
    assert log.badges == []


def test_a_process_that_stops_sensing_is_replaced() -> None:
    """A reader's process that says nothing any more is killed, and another one reads the next badge."""
    tag = SoftwareTag()
    reader = ReaderProcess(command_for(tag.path))
    log = Log(reader)
    tag.present(UID, seconds=600)
    eventually(lambda: log.badges == [UID])
    hung = reader.pid
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    eventually(lambda: log.lost == [True, False])
    eventually(lambda: log.badges == [UID, UID])
    assert gone(hung)
    reader.close()
    tag.close()


def test_the_process_ends_with_its_parent() -> None:
    """When the program that runs a reader is killed, the reader's process ends too."""
    tag = SoftwareTag()
    program = (
        "import sys, time\n"
        "from hardware.badge_reader.supervisor import ReaderProcess, command_for\n"
        "reader = ReaderProcess(command_for(sys.argv[1]))\n"
        "reader.start(lambda uid: print(reader.pid, flush=True), lambda lost: None)\n"
        "time.sleep(600)\n"
    )
    with running([sys.executable, "-c", program, tag.path]) as parent:
        assert parent.stdout is not None
        tag.present(UID, seconds=600)
        child = int(parent.stdout.readline())
        assert not gone(child)
    eventually(lambda: gone(child))
    tag.close()


def test_the_process_ends_when_nobody_holds_its_input() -> None:
    """The process ends by itself at the end of its input, however busy it is and whoever hears it."""
    tag = SoftwareTag()
    command = command_for(tag.path)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 0
    tag.close()


def test_a_badge_that_lies_there_is_said_once() -> None:
    """A badge that is sensed three times in a row is said once: that it was sensed, and what was read."""
    tag = SoftwareTag()
    tag.present(UID, seconds=600)
    reader, presence = nfc.open(tag.path), Presence()
    said: list[Line] = []
    for _ in range(3):
        sense_once(reader, presence, said.append, no_keys)
    assert [line.said for line in said] == [Said.SENSED, Said.READ]
    assert Reading.from_json(said[1].text).uid == UID
    reader.close()
    tag.close()


def test_a_program_that_cannot_be_started_is_told() -> None:
    """A reader whose program does not exist is lost, and can be closed."""
    reader = ReaderProcess(("/no/such/program",))
    log = Log(reader)
    eventually(lambda: log.lost == [True])
    reader.close()


def test_a_reader_that_is_not_plugged_in_is_lost_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    """A reader that is not there is lost, and the log says which and why, once."""
    reader = ReaderProcess(command_for("/dev/no-such-port"))
    log = Log(reader)
    eventually(lambda: log.lost == [True])
    first = reader.pid
    eventually(lambda: reader.pid != first)
    reader.close()
    assert len(caplog.records) == 1 and "/dev/no-such-port" in caplog.text


def test_no_badge_number_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Reading badges and losing the reader leaves no badge number in the log."""
    caplog.set_level(logging.DEBUG)
    tag = SoftwareTag()
    reader = ReaderProcess(command_for(tag.path))
    log = Log(reader)
    tag.present(UID, seconds=600)
    eventually(lambda: log.badges == [UID])
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    eventually(lambda: log.lost == [True, False])
    reader.close()
    tag.close()
    assert UID not in caplog.text and caplog.records


def test_the_process_is_small() -> None:
    """The reader's process, with nfcpy in it and a badge read, keeps under 45 MB of memory."""
    tag = SoftwareTag()
    reader = ReaderProcess(command_for(tag.path))
    log = Log(reader)
    tag.present(UID, seconds=600)
    eventually(lambda: log.badges == [UID])
    status = Path(f"/proc/{reader.pid}/status").read_text()
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    reader.close()
    tag.close()
    assert peak_kb < 45_000


def test_a_reader_is_tested_every_minute() -> None:
    """The self-test is due when a reader was opened, and then once a minute."""
    test = Every(TEST_EVERY_S)
    assert [test.due(now) for now in (0.0, 1.0, 59.9, 60.0, 61.0, 120.0)] == [True, False, False, True, False, True]


def test_the_process_asks_for_the_key_of_the_card_that_lies_there() -> None:
    """Only the number of a card that could prove itself is asked about; it is verified, and its copy is not."""
    chip, asked = Pn532(), []

    def key_for(uid: str) -> CardKey | None:
        asked.append(uid)
        return MASTER.key_for(uid)

    reader = ReaderProcess(command_for(chip.path), key_for)
    read: list[Reading] = []
    reader.start(read.append, lambda lost: None)
    for count, card in enumerate((ours(), Ntag215(bytes.fromhex("04FFFFFFFFFFFF")), clone(Desfire, OTHER)), 1):
        chip.cards = [card]
        eventually(lambda count=count: len(read) == count)  # type: ignore[misc]
        chip.cards = []
    reader.close()
    chip.unplug()
    assert asked == [UID, OTHER]
    assert [each.worth for each in read] == [Strength.NTAG424, Strength.UID, Strength.FAILED]


@pytest.mark.parametrize("kind", [Greedy, CutShort, Endless, Fleeting])
def test_a_card_that_misbehaves_costs_the_reader_nothing(kind: type[Ntag424]) -> None:
    """After a card that is endless, cut short or pulled away the same process reads the next one."""
    chip = Pn532()
    reader = ReaderProcess(command_for(chip.path), MASTER.key_for)
    read: list[Reading] = []
    lost: list[bool] = []
    reader.start(read.append, lost.append)
    chip.cards = [kind(bytes.fromhex(UID), keys_of())]
    eventually(lambda: len(read) == 1)
    chip.cards = [ours(uid="04FFFFFFFFFFFF")]
    eventually(lambda: len(read) == 2)
    reader.close()
    chip.unplug()
    assert [each.worth for each in read] == [Strength.FAILED, Strength.NTAG424] and lost == []


def test_a_reader_that_is_plugged_in_again_reads_on(tmp_path: Path) -> None:
    """A reader whose cable was pulled is lost; plugged in again, at the same name, it reads the next badge."""
    port, first, second = tmp_path / "reader", Pn532(), Pn532()
    port.symlink_to(first.path)
    reader = ReaderProcess(command_for(str(port)))
    log = Log(reader)
    first.cards = [Ntag215(bytes.fromhex(UID))]
    eventually(lambda: log.badges == [UID])
    port.unlink()
    first.unplug()
    eventually(lambda: log.lost == [True])
    port.symlink_to(second.path)
    second.cards = [Ntag215(bytes.fromhex("04FFFFFFFFFFFF"))]
    eventually(lambda: log.badges == [UID, "04FFFFFFFFFFFF"])
    reader.close()
    second.unplug()
    assert log.lost == [True, False]


def test_a_tap_has_a_deadline() -> None:
    """A badge that was sensed must be read in time, whatever signs of life come meanwhile."""
    watch = Watch(START_S).heard(Said.SENSED, 100.0).heard(Said.ALIVE, 101.0)
    assert watch.deadline == 100.0 + TAP_S
    assert "badge was not read" in watch.overdue()


def test_a_reading_ends_the_tap() -> None:
    """After a reading, only silence is overdue."""
    watch = Watch(START_S).heard(Said.SENSED, 100.0).heard(Said.READ, 100.1)
    assert watch.deadline == 100.1 + SILENT_S
    assert "stopped sensing" in watch.overdue()


def test_each_wait_is_twice_the_last() -> None:
    """Processes that die young are started again after half a second, then later, but never by more than two."""
    waits = [0.25]
    for _ in range(9):
        waits.append(wait_before_restart(waits[-1], lived=0.1))
    assert waits[1:] == [0.5, 1, 2, 2, 2, 2, 2, 2, 2]


def test_a_process_that_lived_long_is_started_again_soon() -> None:
    """After a process that was well for half a minute the waits begin again."""
    assert wait_before_restart(2, lived=30) == 0.5


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"said": "sung", "text": ""}', b"\xff"])
def test_a_line_that_is_none_is_an_error(raw: bytes) -> None:
    """What is no line of a reader is refused."""
    with pytest.raises(ValueError):
        line_of(raw)


def test_a_line_survives_the_pipe() -> None:
    """What is read from the pipe is what was said."""
    assert line_of(Line(Said.READ, UID).encode()) == Line(Said.READ, UID)
