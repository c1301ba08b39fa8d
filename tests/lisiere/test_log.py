"""`lisiere log` on the folders of real units: what it lists, in which shape, and what it says when it cannot."""

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from access.facts import FaultReported
from controller.journal import Journal
from controller.journal_reader import JournalReader
from controller.journal_row import Stamped
from hardware.disk import SimulatedDisk
from lisiere.log.command import command
from lisiere.log.entries import RUN_COLUMNS
from lisiere.log.export import cell
from lisiere.log.failure import LogError
from lisiere.log.progress import LONG, counted
from lisiere.log.when import clock, day, since
from tests.lisiere.damage import spoil

PARIS = ZoneInfo("Europe/Paris")
RUNS = [
    ("b1", "2026-03-10T14:00:00.000+01:00", "2026-03-10T14:20:00.000+01:00", 1200, 1200, "member"),
    ("b1", "2026-03-10T14:30:00.000+01:00", "2026-03-10T14:35:00.000+01:00", 300, 300, "interrupted"),
]

Capture = pytest.CaptureFixture[str]


def printed(capture: Capture, *words: str | Path, status: int = 0) -> str:
    """What the command printed, once its exit status is as expected."""
    assert command([str(word) for word in words]) == status
    return capture.readouterr().out


def said(capture: Capture, *words: str | Path, status: int = 2) -> str:
    """What the command said on standard error."""
    assert command([str(word) for word in words]) == status
    return capture.readouterr().err


def test_the_runs_of_a_unit_as_json(played: Path, capsys: Capture) -> None:
    """Each run is an object with the ten columns, in local time with its offset."""
    lines = [json.loads(line) for line in printed(capsys, "--unit", played / "unit-0", "--json").splitlines()]
    assert [tuple(line) for line in lines] == [RUN_COLUMNS] * 2
    shown = ("booking", "started", "ended", "powered_seconds", "running_seconds", "end_reason")
    assert [tuple(line[name] for name in shown) for line in lines] == RUNS
    assert {line["member"] for line in lines} == {"ana"}
    assert {(line["unit"], line["machine"]) for line in lines} == {("overlock-1", "overlock-1")}


def test_the_runs_of_a_unit_as_csv(played: Path, capsys: Capture) -> None:
    """The spreadsheet holds the same runs under the same names."""
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "--unit", played / "unit-0", "--csv"))))
    assert [tuple(row) for row in rows] == [RUN_COLUMNS] * 2
    assert [row["powered_seconds"] for row in rows] == ["1200", "300"]


def test_the_text_ends_with_totals(played: Path, capsys: Capture) -> None:
    """Whoever reads sees the day with its offset, the hours, and what the runs add up to."""
    text = printed(capsys, "--unit", played / "unit-0")
    assert "2026-03-10 +01:00\n" in text
    assert "14:00:00  14:20:00  0:20:00" in text
    assert text.splitlines()[-1].split() == ["overlock-1", "2", "0:25:00", "0:25:00"]


@pytest.mark.parametrize("how", [(), ("--all",)])
def test_no_line_is_wider_than_a_screen(played: Path, capsys: Capture, how: tuple[str, ...]) -> None:
    """Text fits in 100 columns."""
    text = printed(capsys, "--unit", played / "unit-1", *how)
    assert max(map(len, text.splitlines())) <= 100


def test_long_names_are_cut_to_fit(unit: Path, capsys: Capture) -> None:
    """Names too long for the screen lose their middle in the text, and nothing in what programs read."""
    name = "w" + "0123456789abcdef" * 4
    rewrite(unit, f"UPDATE rows SET body = replace(body, '\"b1\"', '\"{name}\"')")
    text = printed(capsys, "--unit", unit)
    assert max(map(len, text.splitlines())) <= 100 and "w0123" in text and "…" in text and name not in text
    assert name in printed(capsys, "--unit", unit, "--csv")


def test_french_is_spoken_where_it_is_asked_for(
    played: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A French environment gets French headings and totals; what programs read stays as it is."""
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    text = printed(capsys, "--unit", played / "unit-0")
    assert "réservation" in text and "totaux" in text and "booking_end" not in text
    assert printed(capsys, "--unit", played / "unit-0", "--csv").startswith(",".join(RUN_COLUMNS))


def test_all_tells_everything_in_order(played: Path, capsys: Capture) -> None:
    """Boots, decisions, power and runs come as they were written, with no more of a badge than tells two apart."""
    lines = printed(capsys, "--unit", played / "unit-0", "--all", "--json").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["event"] for entry in entries] == [
        *("boot", "decision", "power", "power", "run", "decision", "power", "boot", "run"),
        *(entry["event"] for entry in entries[9:]),
    ]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    badges = {entry["badge"] for entry in entries if entry["event"] == "decision"}
    assert len(badges) == 1 and len(badges.pop()) == 9


def test_since_counts_a_run_by_its_end(played: Path, capsys: Capture) -> None:
    """A run that ended at the asked instant is listed, one that ended before is not."""
    folder = played / "unit-0"
    at = "2026-03-10T14:35"
    assert len(printed(capsys, "--unit", folder, "--json", "--since", at).splitlines()) == 1
    assert printed(capsys, "--unit", folder, "--json", "--since", "2026-03-10T14:35:01+01:00") == ""
    assert len(printed(capsys, "--unit", folder, "--json", "--since", "2026-03-10").splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", "2026-03-29T10:00:00Z"),
        ("3d", "2026-03-26T12:00:00Z"),
        ("1w", "2026-03-22T12:00:00Z"),
        ("2026-03-29", "2026-03-28T23:00:00Z"),
        ("2026-03-29T12:00", "2026-03-29T10:00:00Z"),
        ("2026-03-29T12:00:00Z", "2026-03-29T12:00:00Z"),
    ],
)
def test_since_is_a_date_a_time_or_a_span(text: str, meant: str) -> None:
    """Dates and times without an offset are the site's, on the day the clocks change too."""
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert since(text, noon, PARIS) == datetime.fromisoformat(meant)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "5", "99999999999999d", "-2h"])
def test_a_since_that_means_nothing_says_what_would(text: str) -> None:
    """Anything else is refused with examples."""
    with pytest.raises(LogError, match="2026-03-10"):
        since(text, datetime(2026, 3, 29, tzinfo=UTC), PARIS)


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    """When the clocks go back, the day's heading and the end of a run say which offset holds."""
    before, after = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (day(before, PARIS), day(after, PARIS)) == ("2026-10-25 +02:00", "2026-10-25 +01:00")
    assert clock(after, PARIS, under=before) == "02:30:00 +01:00"


def test_it_reads_beside_the_unit(unit: Path, capsys: Capture) -> None:
    """What a unit has just written is listed while it has the journal open, and nothing is written."""
    journal = Journal(unit / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    journal.append([Stamped(datetime(2026, 3, 11, tzinfo=UTC), 0, 9, FaultReported("ana", "needle"))])
    before = (unit / "journal.db").read_bytes()
    assert "needle" in printed(capsys, "--unit", unit, "--all", "--since", "2026-03-11")
    assert (unit / "journal.db").read_bytes() == before
    journal.close()


def test_it_leaves_nothing_behind(unit: Path, capsys: Capture) -> None:
    """Reading the folder of a unit that does not run leaves the same files in it."""
    before = sorted(unit.iterdir())
    printed(capsys, "--unit", unit, "--all")
    assert sorted(unit.iterdir()) == before


def test_a_copied_card_that_cannot_be_written_is_read(unit: Path, capsys: Capture) -> None:
    """On a disk that cannot be written, the rows that only lie in the -wal are read too."""
    journal = Journal(unit / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    journal.append([Stamped(datetime(2026, 3, 11, tzinfo=UTC), 0, 9, FaultReported("ana", "needle"))])
    card = unit.parent / "card"
    card.mkdir()
    for name in ("journal.db", "journal.db-wal", "replica.db"):
        shutil.copy(unit / name, card / name)
    journal.close()
    (card / "journal.db-shm").symlink_to(
        "journal.db-shm"
    )  # SQLite cannot make its own here, whoever runs this
    assert "needle" in printed(capsys, "--unit", card, "--all")


def test_without_a_replica_the_zone_is_assumed_and_said(unit: Path, capsys: Capture) -> None:
    """A missing replica.db costs a note, not the log; --timezone takes another zone."""
    (unit / "replica.db").unlink()
    assert command(["--unit", str(unit), "--json"]) == 0
    out, err = capsys.readouterr()
    assert "14:00:00.000+01:00" in out and "Europe/Paris" in err and err.count("\n") == 1
    assert "13:00:00.000+00:00" in printed(capsys, "--unit", unit, "--json", "--timezone", "UTC")


def test_a_cell_is_never_a_formula(capsys: Capture, unit: Path) -> None:
    """What a spreadsheet would run comes with an apostrophe before it, wherever it was written."""
    assert [cell(text, PARIS) for text in ("=1", "+1", "-1", "@a", "\tx", "\rx", "ana", None, 3)] == [
        *("'=1", "'+1", "'-1", "'@a", "'\tx", "'\rx", "ana", "", "3"),
    ]
    rewrite(unit, "UPDATE rows SET body = replace(body, '\"b1\"', '\"=cmd|b1\"') WHERE kind = 'run'")
    rows = csv.DictReader(io.StringIO(printed(capsys, "--unit", unit, "--csv")))
    assert {row["booking"] for row in rows} == {"'=cmd|b1"}


def test_no_text_drives_the_terminal(unit: Path, capsys: Capture) -> None:
    """What somebody wrote at the kiosk cannot colour, clear or retitle a technician's screen."""
    journal = Journal(unit / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    journal.append([Stamped(datetime(2026, 3, 11, tzinfo=UTC), 0, 9, FaultReported(None, "\x1b[2J\nbye"))])
    journal.close()
    text = printed(capsys, "--unit", unit, "--all")
    assert "\x1b" not in text and "�[2J�bye" in text


def rewrite(unit: Path, sql: str) -> None:
    """Change a journal behind its unit's back."""
    connection = sqlite3.connect(unit / "journal.db")
    connection.execute(sql)
    connection.commit()
    connection.execute("PRAGMA journal_mode=delete")
    connection.close()


@pytest.fixture
def long_journal(unit: Path) -> Path:
    """The unit's folder with 600 more rows in its journal, and no -wal."""
    journal = Journal(unit / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    at = datetime(2026, 3, 11, tzinfo=UTC)
    journal.append(Stamped(at, n, 9, FaultReported("ana", f"needle {n}")) for n in range(600))
    journal.close()
    rewrite(unit, "UPDATE site SET unit = unit")
    return unit


def test_a_damaged_journal_gives_what_it_still_has(long_journal: Path, capsys: Capture) -> None:
    """A spoilt page costs the rows on it: all others, before and after, are printed, and the hole is named."""
    total = len(printed(capsys, "--unit", long_journal, "--all", "--json").splitlines())
    spoil(long_journal, 300)
    assert command(["--unit", str(long_journal), "--all", "--json"]) == 1
    out, err = capsys.readouterr()
    seqs = [json.loads(line)["seq"] for line in out.splitlines()]
    assert total - 30 < len(seqs) < total
    assert seqs[0] == 1 and seqs[-1] == total and 300 not in seqs
    assert "cannot be read" in err and "malformed" in err and f"{len(seqs)} rows could be read" in err


def test_damaged_names_cost_only_the_names(long_journal: Path, capsys: Capture) -> None:
    """Where only the page of the persons' names is spoilt, every row is printed, some without their member."""
    total = len(printed(capsys, "--unit", long_journal, "--all", "--json").splitlines())
    spoil(long_journal, 300, "opening FROM openings")
    assert command(["--unit", str(long_journal), "--all", "--json"]) == 1
    out, err = capsys.readouterr()
    entries = [json.loads(line) for line in out.splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, total + 1))
    assert entries[299].get("member") is None and entries[-1]["member"] == "ana"
    assert "without the person they name" in err


def test_a_row_of_nonsense_costs_only_itself(unit: Path, capsys: Capture) -> None:
    """A run whose text was garbled is named, and the other is printed."""
    rewrite(unit, "UPDATE rows SET body = '{' WHERE seq = (SELECT min(seq) FROM rows WHERE kind = 'run')")
    assert command(["--unit", str(unit), "--json"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and "makes no sense" in err


def test_a_missing_row_is_named(unit: Path, capsys: Capture) -> None:
    """Rows that somebody took out are told, though SQLite finds nothing wrong."""
    rewrite(unit, "DELETE FROM rows WHERE seq IN (2, 3)")
    assert "rows 2 to 3 of epoch" in said(capsys, "--unit", unit, status=1)


def test_verify_finds_the_first_bad_row(unit: Path, capsys: Capture) -> None:
    """A sound journal is one line and 0; the first row that was changed is 'epoch seq why' and 1."""
    assert printed(capsys, "verify", "--unit", unit) == f"sound: {rows_of(unit)} rows\n"
    rewrite(unit, "UPDATE rows SET body = replace(body, 'member', 'idle') WHERE seq = 5")
    epoch, seq, why = printed(capsys, "verify", "--unit", unit, status=1).split(maxsplit=2)
    assert int(epoch) > 0 and seq == "5" and why.startswith("was changed")


def rows_of(unit: Path) -> int:
    """How many rows a journal has."""
    reader = JournalReader.open(unit / "journal.db")
    try:
        return reader.count()
    finally:
        reader.close()


@pytest.mark.parametrize("harm", [lambda unit: spoil(unit, 300), lambda unit: garble_opening(unit)])
def test_verify_of_a_damaged_file_is_a_line_too(
    long_journal: Path, capsys: Capture, harm: Callable[[Path], None]
) -> None:
    """Where the file gives a row no more, or gives nonsense, that row is the bad one."""
    harm(long_journal)
    epoch, seq, why = printed(capsys, "verify", "--unit", long_journal, status=1).split(maxsplit=2)
    assert int(epoch) > 0 and 1 < int(seq) <= 300 and why.startswith("cannot be read")


def garble_opening(unit: Path) -> None:
    """Make the name beside row 300 unreadable."""
    rewrite(unit, "UPDATE openings SET opening = '{' WHERE seq = 300")


def break_header(unit: Path) -> None:
    """Overwrite the beginning of the file."""
    raw = (unit / "journal.db").read_bytes()
    (unit / "journal.db").write_bytes(b"\0" * 100 + raw[100:])


def other_database(unit: Path) -> None:
    """Put another SQLite file where the journal was."""
    shutil.copy(unit / "replica.db", unit / "journal.db")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (shutil.rmtree, "no such folder"),
        (lambda unit: (unit / "journal.db").unlink(), "holds no journal.db"),
        (break_header, "not a database"),
        (other_database, "no such table"),
        (lambda unit: (unit / "journal.db").write_bytes(b""), "no such table"),
    ],
)
def test_a_folder_that_holds_no_journal_is_one_line(
    unit: Path, capsys: Capture, harm: Callable[[Path], None], why: str
) -> None:
    """Whatever is wrong with the folder, it is said in one line, for the log and for verify."""
    harm(unit)
    for words in (["--unit", unit], ["verify", "--unit", unit]):
        line = said(capsys, *words)
        assert why in line and line.count("\n") == 1


def test_another_machine_than_the_folders_is_one_line(unit: Path, capsys: Capture) -> None:
    """A folder is of one machine: asking it for another is an error that names both."""
    line = said(capsys, "--unit", unit, "--machine", "press-1")
    assert "overlock-1" in line and "press-1" in line and line.count("\n") == 1


def test_nothing_to_show_is_said(unit: Path, capsys: Capture) -> None:
    """An empty log says so, instead of an empty table only."""
    assert "nothing to show" in printed(capsys, "--unit", unit, "--since", "2026-03-12")


def test_a_long_read_is_counted_on_a_terminal_only() -> None:
    """Progress is written to a terminal once there is much to read, and nowhere else."""
    controller, terminal = os.openpty()
    with os.fdopen(terminal, "w") as screen, os.fdopen(controller, "rb") as seen:
        assert sum(1 for _ in counted(range(LONG + 1), LONG + 1, screen)) == LONG + 1
        assert b"of 20,001" in os.read(seen.fileno(), 4096)
    elsewhere = io.StringIO()
    assert sum(1 for _ in counted(range(LONG + 1), LONG + 1, elsewhere)) == LONG + 1
    assert elsewhere.getvalue() == ""


def test_the_help_has_examples() -> None:
    """--help of the command, through the front door, shows how it is used."""
    words = [sys.executable, "-m", "lisiere.cli", "log", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "lisiere log --unit" in done.stdout and "lisiere log verify" in done.stdout
