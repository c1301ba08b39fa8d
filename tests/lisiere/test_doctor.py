"""`lisiere doctor` on real units' folders, on a computer whose own files lie in a temporary folder."""

import json
import os
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.facts import Fact, FaultCleared, FaultRaised, FaultReported
from access.machines import Machine, Output
from access.vocabulary import Fault
from controller import timekeeping
from controller.config import Config, Relay, write
from controller.journal import Journal, Stamped
from controller.timekeeping import Anchor
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.clock import SystemClock
from hardware.disk import SimulatedDisk
from lisiere.doctor import command
from lisiere.doctor.disk import LITTLE, LOW, room, wal_reset_bug
from lisiere.doctor.finding import Finding, Mark
from lisiere.doctor.patient import running
from lisiere.doctor.visit import examine, told
from lisiere.log.kept import kept
from server_sync.identity import PrivateKey, seal
from server_sync.replica_store import ReplicaStore
from server_sync.wire import replica_to_bytes, reply_to_bytes
from tests.hardware.keepers import connected, keeper
from tests.lisiere.damage import spoil

NOWHERE = "http://127.0.0.1:1"
KEY = PrivateKey(b"t" * 32)
CONFIG = Config("overlock-1", NOWHERE, KEY.public.hex, "00" * 32, "udp:127.0.0.1:54321")
PERSIST = "sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs"


class Bench:
    """An enrolled unit's folder, the root of its computer's files, and the time on it."""

    def __init__(self, folder: Path, system: Path) -> None:
        self.folder, self.system = folder, system
        self.put("proc/sys/kernel/random/boot_id", "this-boot\n")
        self.enrolled(CONFIG)
        self.clock_set()
        self.replica_kept()

    def put(self, path: str, text: str) -> None:
        """A file of the computer's own."""
        (self.system / path).parent.mkdir(parents=True, exist_ok=True)
        (self.system / path).write_text(text)

    def enrolled(self, config: Config) -> None:
        """The unit's configuration."""
        write(self.folder, config)

    def clock_set(self, correction_s: float = 0) -> None:
        """The clock was known, this much off, when it was read last."""
        clock = SystemClock(self.system / "dev/rtc0", self.system / "proc/sys/kernel/random/boot_id")
        anchor = Anchor(clock.read(), timedelta(seconds=correction_s))
        timekeeping.keep(anchor, self.folder / "clock.json")

    def replica_kept(self, acked: int | None = None, machine: Machine | None = None) -> None:
        """The site's replica, signed by the key that this unit knows."""
        known = kept(self.folder / "replica.db", None)
        reply = known.reply
        assert reply is not None
        self.now = reply.time + timedelta(minutes=1)
        reply = reply if acked is None else replace(reply, acked=acked)
        store = ReplicaStore(self.folder / "replica.db", KEY.public)
        store.keep_replica(
            seal(replica_to_bytes(replace(known.replica, machine=machine or known.replica.machine)), KEY)
        )
        store.keep_reply(seal(reply_to_bytes(reply), KEY))
        store.close()

    def journalled(self, *facts: Fact) -> None:
        """The unit wrote this down."""
        journal = Journal(self.folder / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
        journal.append(Stamped(self.now, 0, 9, fact) for fact in facts)
        journal.close()

    def findings(self, topic: str) -> list[Finding]:
        """What the doctor finds on a topic."""
        return [found for found in examine(self.folder, self.system, self.now) if found.topic == topic]

    def marks(self, topic: str) -> list[Mark]:
        """How the findings on a topic are marked."""
        return [found.mark for found in self.findings(topic)]

    def bad(self, topic: str) -> str:
        """The one bad thing on a topic."""
        (found,) = [found for found in self.findings(topic) if found.mark is Mark.BAD]
        assert found.do
        return found.what


@pytest.fixture
def bench(unit: Path, tmp_path: Path) -> Bench:
    """A unit as it was enrolled, at rest, with no twin to be reached."""
    return Bench(unit, tmp_path / "system")


def test_a_folder_without_a_unit_is_one_bad_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody enrolled a unit, that is all there is to say, and the exit status is 1."""
    assert command(["--unit", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("BAD       unit     not enrolled")


def test_a_sound_unit_has_nothing_bad(bench: Bench) -> None:
    """An enrolled unit with a keeper, at rest and without a twin, needs attention for just these two."""
    with keeper(bench.folder / "keeper.sock"):
        findings = examine(bench.folder, bench.system, bench.now)
    assert {found.topic for found in findings if found.mark is Mark.ATTENTION} == {"unit", "link"}
    assert not [found for found in findings if found.mark is Mark.BAD]
    assert {found.topic for found in findings} == {
        "unit",
        "clock",
        "replica",
        "disk",
        "reader",
        "relay",
        "link",
    }


def test_json_is_one_object_a_line(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get mark, topic, what, where and do, and the same exit status."""
    assert command(["--unit", str(bench.folder), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(list(line) == ["mark", "topic", "what", "where", "do"] for line in lines)
    assert {line["mark"] for line in lines} == {"ok", "attention", "BAD"}


def test_what_to_do_stands_on_a_line_of_its_own() -> None:
    """A finding is its mark, its topic, what and where; below it what to do."""
    text = told(Finding(Mark.BAD, "disk", "full", "/var", "make room"))
    assert text.splitlines() == ["BAD       disk     full  [/var]", " " * 19 + "-> make room"]


def test_the_process_that_runs_the_unit_is_found(unit: Path) -> None:
    """While a process has the journal open, it is named; afterwards nobody is."""
    assert running(unit, Path("/")) is None
    journal = Journal(unit / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    assert running(unit, Path("/")) == os.getpid()
    journal.close()
    assert running(unit, Path("/")) is None


# --- clock -------------------------------------------------------------------------------------------


def test_a_clock_is_trusted_in_the_boot_in_which_it_was_known(bench: Bench) -> None:
    """The same boot is good; another is not, unless a clock ran on its battery meanwhile."""
    assert bench.marks("clock") == [Mark.OK]
    bench.put("proc/sys/kernel/random/boot_id", "another-boot\n")
    assert "not trusted" in bench.bad("clock")
    bench.put("dev/rtc0", "")
    assert bench.marks("clock") == [Mark.OK]


def test_a_clock_that_was_never_known_is_bad(bench: Bench) -> None:
    """Without the note of an exchange there is no time."""
    (bench.folder / "clock.json").unlink()
    assert "never known" in bench.bad("clock")


def test_a_clock_fault_of_the_journal_is_bad_until_it_is_cleared(bench: Bench) -> None:
    """The unit's own word on its clock counts."""
    bench.journalled(FaultRaised(Fault.CLOCK))
    assert "not trusted" in bench.bad("clock")
    bench.journalled(FaultCleared(Fault.CLOCK))
    assert bench.marks("clock") == [Mark.OK]


# --- replica -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "mark"), [(35.9, Mark.OK), (36, Mark.ATTENTION), (71.9, Mark.ATTENTION), (72, Mark.BAD)]
)
def test_a_replica_ages(bench: Bench, hours: float, mark: Mark) -> None:
    """From half of offline_hours on it needs attention, from offline_hours on it is bad."""
    bench.now += timedelta(hours=hours) - timedelta(minutes=1)
    assert bench.marks("replica") == [mark]


def test_the_age_is_by_the_corrected_clock(bench: Bench) -> None:
    """A computer whose clock is three days behind does not make its replica young."""
    bench.clock_set(correction_s=3 * 86_400)
    assert bench.marks("replica") == [Mark.BAD]


def test_a_replica_of_another_twin_is_bad(bench: Bench) -> None:
    """What the unit's own twin did not sign is not believed."""
    bench.enrolled(replace(CONFIG, twin_key=PrivateKey(b"x" * 32).public.hex))
    assert "signature" in bench.bad("replica")


def test_a_missing_replica_is_bad(bench: Bench) -> None:
    """Without a replica the unit cannot decide anything."""
    (bench.folder / "replica.db").unlink()
    assert "no such file" in bench.bad("replica")


# --- disk --------------------------------------------------------------------------------------------


def test_room_is_judged_before_it_is_gone() -> None:
    """Little room needs attention, almost none is bad."""
    marks = [room(free, "/").mark for free in (LOW, LOW - 1, LITTLE, LITTLE - 1)]
    assert marks == [Mark.OK, Mark.ATTENTION, Mark.ATTENTION, Mark.BAD]


def test_a_spoilt_page_of_the_journal_is_bad(bench: Bench) -> None:
    """What SQLite's quick_check finds is told, with how to read what is left."""
    path = bench.folder / "journal.db"
    raw = path.read_bytes()
    noise = random.Random(1).randbytes(4096)
    path.write_bytes(raw[:4096] + noise * ((len(raw) - 4096) // 4096))
    found = [f for f in bench.findings("disk") if f.mark is Mark.BAD]
    assert len(found) == 1 and "lisiere log --unit" in found[0].do


def test_damage_that_hides_from_a_read_is_bad(bench: Bench) -> None:
    """A spoilt page that no look at the unit's state touches is still found, by SQLite's quick_check."""
    bench.journalled(*(FaultReported("ana", f"needle {n}") for n in range(600)))
    spoil(bench.folder, 300, "opening FROM openings")
    assert "the journal is damaged" in bench.bad("disk")


def test_a_unit_that_never_ran_has_no_journal_yet(bench: Bench) -> None:
    """A missing journal beside an enrolled unit needs attention, and is not made by looking."""
    (bench.folder / "journal.db").unlink()
    assert Mark.BAD not in bench.marks("disk") and Mark.ATTENTION in bench.marks("disk")
    assert not (bench.folder / "journal.db").exists()


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 54, 1), False),
    ],
)
def test_which_sqlite_has_the_wal_reset_bug(version: tuple[int, ...], has_it: bool) -> None:
    """From 3.7.0 to 3.51.2, but for the two lines into which the repair was carried back."""
    assert wal_reset_bug(version) is has_it


# --- reader ------------------------------------------------------------------------------------------


def test_a_reader_that_answers_is_found(bench: Bench) -> None:
    """A PN532 at the end of a serial line is opened as the unit would."""
    bench.enrolled(replace(CONFIG, reader=Pn532().path))
    assert bench.marks("reader") == [Mark.OK]


@pytest.mark.parametrize(
    ("path", "why"),
    [("/dev/no-such-line", "No such file"), ("nonsense", "no reader"), ("", "none is configured")],
)
def test_a_reader_that_does_not_answer_is_bad(bench: Bench, path: str, why: str) -> None:
    """A wrong path and a missing device are told apart."""
    bench.enrolled(replace(CONFIG, reader=path))
    assert why in bench.bad("reader")


def test_a_reader_in_use_is_left_alone(bench: Bench) -> None:
    """While the unit runs its reader is not opened: the unit's journal says whether it was lost."""
    chip = Pn532()
    bench.enrolled(replace(CONFIG, reader=chip.path))
    journal = Journal(bench.folder / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    bench.put("proc/locks", Path("/proc/locks").read_text())
    assert bench.marks("reader") == [Mark.OK]
    journal.append([Stamped(bench.now, 0, 9, FaultRaised(Fault.READER_LOST))])
    assert "has lost it" in bench.bad("reader")
    assert chip.commands == []
    journal.close()


# --- relay -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "mark"), [("Y\n", Mark.BAD), ("N\n", Mark.OK), (None, Mark.ATTENTION)])
def test_a_pi_that_keeps_its_outputs_is_bad(bench: Bench, setting: str | None, mark: Mark) -> None:
    """On a Raspberry Pi the doctor knows what becomes of the machine when the keeper is killed."""
    bench.put("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    if setting is not None:
        bench.put(PERSIST, setting)
    with keeper(bench.folder / "keeper.sock"):
        found = bench.findings("relay")
    assert found[-1].mark is mark
    assert ("strict_gpiod" in found[-1].do) is (mark is not Mark.OK)


def test_a_pin_that_is_high_at_boot_is_bad(bench: Bench) -> None:
    """Pins up to 8 would switch the machine on while the Pi starts."""
    bench.enrolled(replace(CONFIG, relay=Relay(pin=8)))
    with keeper(bench.folder / "keeper.sock"):
        assert "while the Pi boots" in bench.bad("relay")


def test_a_keeper_that_is_not_there_is_bad(bench: Bench) -> None:
    """Nobody keeps the relay: nobody can start."""
    assert "does not answer" in bench.bad("relay")


def test_a_keeper_in_use_keeps_its_client(bench: Bench) -> None:
    """Asking a keeper that serves the unit neither fails nor takes the unit's place."""
    with keeper(bench.folder / "keeper.sock"), connected(bench.folder / "keeper.sock") as client:
        assert client.recv(256)
        assert "it serves the unit" in bench.findings("relay")[0].what
        assert client.recv(256)


def test_a_welded_relay_is_bad(bench: Bench) -> None:
    """The latched fault is told with the way out of it."""
    bench.journalled(FaultRaised(Fault.RELAY_WELDED))
    with keeper(bench.folder / "keeper.sock"):
        assert "welded" in bench.bad("relay")


def test_a_relay_on_the_board_needs_no_keeper(bench: Bench) -> None:
    """Where the board owns the relay, neither pin nor keeper is looked for."""
    bench.replica_kept(machine=Machine("overlock-1", output=Output.BOARD))
    assert bench.marks("relay") == [Mark.OK]


# --- link --------------------------------------------------------------------------------------------


def test_a_twin_that_answers(bench: Bench, url: str) -> None:
    """A running twin, a fresh word and nothing waiting: the link is well, and the clocks agree."""
    bench.enrolled(replace(CONFIG, twin=url))
    assert bench.marks("link") == [Mark.OK] * 3
    assert bench.marks("clock") == [Mark.OK] * 2


def test_a_clock_apart_from_the_twins(bench: Bench, url: str) -> None:
    """A minute between our corrected time and the twin's needs attention."""
    bench.enrolled(replace(CONFIG, twin=url))
    bench.clock_set(correction_s=60)
    assert bench.marks("clock") == [Mark.OK, Mark.ATTENTION]


def test_a_twin_out_of_reach_needs_attention_only(bench: Bench) -> None:
    """The unit goes on alone, so nothing is bad yet; a long silence is told too."""
    assert bench.marks("link") == [Mark.ATTENTION, Mark.OK, Mark.OK]
    bench.now += timedelta(hours=1)
    assert bench.marks("link") == [Mark.ATTENTION, Mark.ATTENTION, Mark.OK]


def test_rows_that_wait_are_counted(bench: Bench) -> None:
    """What the twin has not acknowledged waits."""
    bench.journalled(FaultRaised(Fault.ESTOP), FaultCleared(Fault.ESTOP))
    assert "wait for the twin: 2 at most" in bench.findings("link")[-1].what


def test_rows_that_only_the_twin_has_are_lost_here(bench: Bench) -> None:
    """A journal that is behind the twin's is an old copy: that is bad."""
    bench.replica_kept(acked=10_000)
    assert "rows were lost here" in bench.bad("link")
