"""`lisiere doctor` on real units' folders, on a computer whose own files lie in a temporary folder."""

import json
import os
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.facts import FaultCleared, FaultRaised, FaultReported
from access.vocabulary import Fault
from controller.journal import Journal
from controller.journal_row import Stamped
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.disk import SimulatedDisk
from lisiere.doctor import command
from lisiere.doctor.disk import LITTLE, LOW, room, wal_reset_bug
from lisiere.doctor.finding import Finding, Mark
from lisiere.doctor.patient import running
from lisiere.doctor.visit import examine, told
from server_sync.identity import PrivateKey
from tests.hardware.keepers import keeper
from tests.lisiere.damage import spoil
from tests.lisiere.patients import CONFIG, Bench


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
