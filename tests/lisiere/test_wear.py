"""What `lisiere doctor` says of bytes and syncs, on a unit's folder and a computer whose own files are made up."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.config import Config
from lisiere.doctor.finding import Mark
from lisiere.doctor.patient import Patient, patient
from lisiere.doctor.wear import check_wear

EVENING = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
CONFIG = Config("overlock-1", "http://127.0.0.1:1", "00" * 32, "00" * 32, "udp:127.0.0.1:1")
MB = 1_000_000


def computer(system: Path, written: int, hours: float) -> None:
    """A process 7 that has written so much in so many hours."""
    proc = system / "proc"
    (proc / "7").mkdir(parents=True)
    begun = 1_000 * os.sysconf("SC_CLK_TCK")
    (proc / "7/io").write_text(f"rchar: 1\nwrite_bytes: {written}\ncancelled_write_bytes: 0\n")
    (proc / "7/stat").write_text(f"7 (lisiere (unit)) S {' '.join(['0'] * 18)} {begun} 0 0\n")
    (proc / "uptime").write_text(f"{1_000 + hours * 3600} 0\n")


@pytest.fixture
def sick(unit: Path, tmp_path: Path) -> Patient:
    """A unit that runs as process 7, in the evening of its day."""
    return replace(patient(unit, CONFIG, tmp_path, EVENING), process=7)


@pytest.mark.parametrize(
    ("written", "hours", "mark", "said"),
    [
        (2 * MB, 0.5, Mark.OK, "2.0 MB written in 30 min"),
        (10 * MB, 6, Mark.OK, "40 MB a day"),
        (20 * MB, 6, Mark.ATTENTION, "80 MB a day"),
    ],
)
def test_bytes_are_told_by_the_day(sick: Patient, written: int, hours: float, mark: Mark, said: str) -> None:
    """More than 50 MB a day needs attention; of less than an hour no rate is made."""
    computer(sick.system, written, hours)
    found = check_wear(sick)[0]
    assert (found.mark, said in found.what) == (mark, True)


def test_syncs_are_reckoned_from_the_journal(sick: Patient) -> None:
    """The rows of the last day and its powered hours say how many syncs there were, at most."""
    (found,) = check_wear(replace(sick, process=None))
    assert found.mark is Mark.OK
    assert "syncs at most in the last 24 h, for 11 rows" in found.what


def test_too_many_syncs_need_attention(sick: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of more syncs than promised is to be looked at."""
    monkeypatch.setattr("lisiere.doctor.wear.SYNCS_A_DAY", 10)
    assert check_wear(replace(sick, process=None))[0].mark is Mark.ATTENTION
