"""The rehearsals of this folder: each says in its title what the product promises, and plays it."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lisiere.cli import main
from lisiere.rehearse.expect import judge
from lisiere.rehearse.play import play
from lisiere.rehearse.reading import read
from lisiere.rehearse.records import Record
from lisiere.rehearse.script import Script
from lisiere.rehearse.vocabulary import RECORDS

HOUSE = Path(__file__).parent.parent.parent
OWN = sorted((Path(__file__).parent / "rehearsals").glob("*.toml"))
SHARED = sorted((HOUSE.parent / "shared" / "rehearsals").glob("*.toml"))
FILES = [*OWN, *(SHARED or [Path("no-such-folder")])]

GRANTS = {"booking", "staff", "walk_up"}
REFUSALS = {
    *("estop", "fault", "locked", "badge_unknown", "badge_revoked", "membership_expired", "not_qualified"),
    "badge_too_weak",
    *("clock_untrusted", "replica_stale", "in_use", "booked_by_other", "too_early", "booking_over"),
    *("no_booking", "not_recorded", "badge_too_weak"),
}
CAUSES = {
    *("member", "booking_end", "idle", "max_run", "handover", "estop", "fault", "lock", "revoked"),
    "interrupted",
}
REASONS = [
    *("unknown_machine", "unknown_member", "clock_untrusted", "not_recorded", "badge_revoked"),
    *("membership_expired", "not_qualified", "machine_locked", "end_before_start", "in_the_past"),
    *("too_short", "too_long", "too_far_ahead", "closed", "overlap", "too_many_bookings"),
    *("week_hours_used", "not_for_category", "lease_over", "unit_unreachable"),
]
STEP = '[[step]]\nat = "+0:01:00"\n'


@cache
def played(path: Path) -> tuple[Script, list[Record]]:
    """A file and the records of its play."""
    script = read(path)
    return script, play(script)


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """One file after the other; those that stand beside the house are left out where there are none."""
    if request.param.stem == "no-such-folder":
        pytest.skip("no folder of shared rehearsals stands beside this one")
    return request.param


def test_what_the_file_expects_comes(path: Path) -> None:
    """Every expectation of the file holds."""
    script, records = played(path)
    assert script.expectations
    failed = [verdict for verdict in (judge(e, records) for e in script.expectations) if not verdict.held]
    assert not failed, "\n".join(f"{verdict.expectation.text}: {verdict.why}" for verdict in failed)


def test_records_speak_the_vocabulary(path: Path) -> None:
    """Every record has the fields and words of its kind, in time order, the summary last."""
    script, records = played(path)
    assert [record["event"] for record in records].index("summary") == len(records) - 1
    instants = [datetime.fromisoformat(record["at"]) for record in records]
    assert instants == sorted(instants)
    assert script.start <= instants[0] and instants[-1] == script.end
    for record, at in zip(records, instants, strict=True):
        assert set(record) == {"at", "event", *RECORDS[record["event"]]}
        assert record["at"] == at.isoformat(timespec="milliseconds")
        if record["event"] == "decision":
            assert record["reason"] in (GRANTS if record["outcome"] == "granted" else REFUSALS)
            assert (record["booking"] is not None) == (record["reason"] in ("booking", "walk_up"))
        elif record["event"] == "power":
            assert record["cause"] == "granted" if record["on"] else record["cause"] in CAUSES
        elif record["event"] == "run":
            assert record["end_reason"] in CAUSES
            assert 0 <= record["running_seconds"] <= record["powered_seconds"]
        elif record["event"] == "booking":
            assert record["reasons"] == [reason for reason in REASONS if reason in record["reasons"]]
            assert bool(record["reasons"]) == (record["outcome"] == "refused")


def test_no_power_without_a_grant(path: Path) -> None:
    """Each power-on comes at the instant of a granted decision of its machine, and each grant gives power."""
    script, records = played(path)
    granted: list[tuple[str, str]] = []
    powered: list[tuple[str, str]] = []
    live: dict[str, bool] = defaultdict(bool)
    for record in records:
        if record["event"] == "decision" and record["outcome"] == "granted":
            granted.append((record["machine"], record["at"]))
        elif record["event"] == "power":
            assert live[record["machine"]] != record["on"], record
            live[record["machine"]] = record["on"]
            if record["on"]:
                assert (record["machine"], record["at"]) in granted, record
                powered.append((record["machine"], record["at"]))
    # A welded relay that nothing can tell of is live already when it is granted power.
    assert granted == powered or any(act.do == "relay_welded" for act in script.acts)


def test_runs_agree_with_the_power(path: Path) -> None:
    """A run lasts as long as its power; only an interrupted one may be up to a checkpoint shorter."""
    script, records = played(path)
    acts = {act.do for act in script.acts}
    on: dict[str, datetime] = {}
    off: dict[str, datetime] = {}
    for record in records:
        at = datetime.fromisoformat(record["at"])
        if record["event"] == "power":
            (on if record["on"] else off)[record["machine"]] = at
        # While a relay is welded the power outlasts its run.
        if record["event"] != "run" or "relay_welded" in acts:
            continue
        live = off[record["machine"]] - on[record["machine"]]
        started, ended = datetime.fromisoformat(record["started"]), datetime.fromisoformat(record["ended"])
        assert abs((ended - started).total_seconds() - record["powered_seconds"]) <= 0.501, record
        lost = timedelta(0)
        if record["end_reason"] == "interrupted":
            lost = timedelta(seconds=script.policy.checkpoint_seconds + script.policy.hold_seconds + 0.1)
            lost = timedelta(days=1) if "disk_full" in acts else lost
        assert live - lost <= ended - started <= live, record
        # A run tells the time as its unit knew it.
        assert "clock_set" in acts or started == on[record["machine"]]


def test_bookings_never_overlap(path: Path) -> None:
    """However they were made, no two bookings of a machine hold the same instant."""
    script, records = played(path)
    # [machine, start, end], by id; what is released or cancelled holds its machine until then.
    held: dict[str, list[Any]] = {b.id: [b.machine, b.start, b.end] for b in script.bookings}
    for record in records:
        if record["event"] != "booking" or record["outcome"] == "refused":
            continue
        at = datetime.fromisoformat(record["at"])
        if record["outcome"] == "accepted":
            assert record["id"] not in held
        start, end = datetime.fromisoformat(record["start"]), datetime.fromisoformat(record["end"])
        if record["outcome"] in ("released", "cancelled"):
            end = max(start, min(end, at))
        held[record["id"]] = [record["machine"], start, end]
    for (machine, start, end), (other, start_, end_) in itertools.combinations(held.values(), 2):
        assert machine != other or end <= start_ or end_ <= start or end == start or end_ == start_


def test_both_sides_agree_at_the_end(path: Path) -> None:
    """Where all units have their link at the end, the twin knows all their events, without gaps, and times."""
    script, records = played(path)
    summary = records[-1]
    # A run whose end a full disk never took is closed anew at the next start: the last word counts.
    runs = {record["id"]: record for record in records if record["event"] == "run"}.values()
    for machine, figures in summary["machines"].items():
        own = [run for run in runs if run["machine"] == machine]
        assert figures["runs"] == len(own)
        for key in ("powered_seconds", "running_seconds"):
            assert abs(figures[key] - sum(run[key] for run in own)) <= len(own) / 2
    assert summary["twin"]["gaps"] == 0
    if not all(linked(script, machine.id) for machine in script.machines):
        return
    assert all(unit["unsent"] == 0 for unit in summary["units"].values())
    assert summary["twin"]["events"] == sum(unit["events"] for unit in summary["units"].values())
    assert summary["twin"]["runs"] == sum(figures["runs"] for figures in summary["machines"].values())
    seconds = {machine: figures["powered_seconds"] for machine, figures in summary["machines"].items()}
    assert summary["twin"]["powered_seconds"] == seconds


def linked(script: Script, machine: str) -> bool:
    """Whether this unit is up, can write and has its link when the rehearsal ends."""
    down = set()
    for act in script.acts:
        if act.words.get("machine") in (None, machine):
            what, _, how = act.do.rpartition("_")
            if how in ("down", "cut", "full"):
                down.add(what)
            elif how in ("up", "back", "ok"):
                down.discard(what)
    return not down & {"link", "power", "disk"}


WRONG = {
    "an unknown key": ('colour = "red"', "colour"),
    "an unknown policy field": ("[policy]\nidle_minutes = 10", "idle_minutes"),
    "an unknown key of a machine": ('[[machine]]\nid = "press-1"\ncolour = "red"', "colour"),
    "an unknown machine": (STEP + 'do = "kill"\nmachine = "press-9"', "press-9"),
    "an unknown member": (
        STEP + 'do = "walk_up"\nid = "k1"\nmachine = "lathe-1"\nmember = "zoe"\nminutes = 30',
        "zoe",
    ),
    "a lock by a stranger": (
        STEP + 'do = "lock"\nmachine = "lathe-1"\nby = "zoe"\nwhy = "smoke"',
        "zoe",
    ),
    "a time without an offset": (
        '[[step]]\nat = 2026-03-10T10:00:00\ndo = "kill"\nmachine = "lathe-1"',
        "offset",
    ),
    "a step before the start": (
        '[[step]]\nat = 2026-03-10T08:59:59+01:00\ndo = "kill"\nmachine = "lathe-1"',
        "at",
    ),
    "a step after the end": ('[[step]]\nat = "+3:00:01"\ndo = "kill"\nmachine = "lathe-1"', "at"),
    "a booking's id used twice": (
        STEP + 'do = "walk_up"\nid = "b1"\nmachine = "lathe-1"\nmember = "ana"\nminutes = 30',
        "b1",
    ),
    "a machine's id used twice": ('[[machine]]\nid = "lathe-1"', "lathe-1"),
    "a member's id used twice": ('[[member]]\nid = "ana"\nbadges = ["0401"]', "ana"),
    "an unknown do": (STEP + 'do = "explode"\nmachine = "lathe-1"', "explode"),
    "a step without its machine": (STEP + 'do = "kill"', "machine"),
    "a step with a key of another": (
        STEP + 'do = "kill"\nmachine = "lathe-1"\namps = 1.0',
        "amps",
    ),
    "a number where a truth is due": (
        STEP + 'do = "estop"\nmachine = "lathe-1"\npressed = 1',
        "pressed",
    ),
    "an unknown booking": (STEP + 'do = "cancel"\nbooking = "b9"', "b9"),
    "an unknown event": ('[[expect]]\nevent = "explosion"', "explosion"),
    "an unknown field of a record": ('[[expect]]\nevent = "power"\nlive = true', "live"),
    "an unknown role": ('[[member]]\nid = "bilal"\nrole = "king"', "king"),
    "an unknown output": ('[[machine]]\nid = "press-1"\noutput = "steam"', "steam"),
    "an unknown day": ('[[opening]]\ndays = ["lundi"]\nfrom = "09:00"\nto = "18:00"', "lundi"),
    "an unknown word of the policy": ('[policy]\nuntrusted_clock = "maybe"', "maybe"),
    "a policy of the wrong type": ('[policy]\nidle_off_minutes = "ten"', "idle_off_minutes"),
    "TOML that is none": ("[[step", "wrong.toml"),
}
BASE = """\
title = "Something is wrong here"
start = 2026-03-10T09:00:00+01:00
end = 2026-03-10T12:00:00+01:00
{top}
[[machine]]
id = "lathe-1"
[[member]]
id = "ana"
badges = ["04A1B2C3D4E5F6"]
[[booking]]
id = "b1"
machine = "lathe-1"
member = "ana"
start = 2026-03-10T10:00:00+01:00
end = 2026-03-10T11:00:00+01:00
{more}
"""


@pytest.mark.parametrize("why", WRONG)
def test_a_wrong_file_is_told_in_one_line(
    why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong file is exit status 2, and one line with the file's name and the word at fault."""
    text, word = WRONG[why]
    top, more = ("", text) if text.startswith("[") else (text, "")
    file = tmp_path / "wrong.toml"
    file.write_text(BASE.format(top=top, more=more))
    assert main(["rehearse", str(file)]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert "wrong.toml" in err and word in err


def test_a_missing_file_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there is exit status 2 and one line."""
    assert main(["rehearse", str(tmp_path / "none.toml")]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1 and "none.toml" in err


def test_an_expectation_that_fails_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expectation that does not hold is exit status 1, and with --json the lines stay the records'."""
    file = tmp_path / "hopeful.toml"
    file.write_text(BASE.format(top="", more='[[expect]]\nevent = "power"\non = true'))
    assert main(["rehearse", str(file)]) == 1
    assert "NOT HELD" in capsys.readouterr().out
    assert main(["rehearse", str(file), "--json"]) == 1
    for line in capsys.readouterr().out.splitlines():
        assert json.loads(line)["event"] in RECORDS


def test_the_same_file_and_seed_give_the_same_bytes() -> None:
    """Two processes that play the same file with the same seed print the same bytes, JSON objects only."""
    path = next(path for path in OWN if path.stem == "staff-run-ends-at-anothers-booking")
    outputs = set()
    for hashing in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "lisiere.cli", "rehearse", str(path), "--json", "--seed", "7"],
            cwd=HOUSE, env={**os.environ, "PYTHONHASHSEED": hashing}, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0 and done.stderr == b""
        outputs.add(done.stdout)
    (output,) = outputs
    lines = output.decode().splitlines()
    assert json.loads(lines[-1])["event"] == "summary"
    assert all(set(json.loads(line)) >= {"at", "event"} for line in lines)


def test_a_folder_is_one_line_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder gives one line for each of its files, and the worst exit status."""
    (tmp_path / "a-good.toml").write_text(BASE.format(top="", more=""))
    (tmp_path / "b-hopeful.toml").write_text(BASE.format(top="", more='[[expect]]\nevent = "power"'))
    assert main(["rehearse", str(tmp_path)]) == 1
    (tmp_path / "c-wrong.toml").write_text("colour = 1")
    (tmp_path / "notes.txt").write_text("not a rehearsal")
    capsys.readouterr()
    assert main(["rehearse", str(tmp_path)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(name in line for name, line in zip(("a-good", "b-hopeful", "c-wrong"), lines, strict=True))


@pytest.mark.long
def test_a_year_takes_less_than_a_minute(tmp_path: Path) -> None:
    """A year of one machine with two thousand taps plays in less than a minute of the processor."""
    file = tmp_path / "year.toml"
    file.write_text("\n".join(a_year()))
    began = time.process_time()
    summary = play(read(file))[-1]
    assert time.process_time() - began < 60
    assert summary["twin"]["runs"] == 1000 and summary["twin"]["gaps"] == 0


def a_year() -> Iterator[str]:
    """The lines of a file: three bookings a day, each used for a while by one of four members."""
    day = timedelta(days=1)
    start = datetime.fromisoformat("2026-01-01T00:00:00+01:00")
    yield f"start = {start.isoformat()}\nend = {(start + 365 * day).isoformat()}"
    yield '[[machine]]\nid = "lathe-1"'
    for member in range(4):
        yield f'[[member]]\nid = "m{member}"\nbadges = ["0400000000{member:02}"]'
    for number in range(1000):
        begin = start + number // 3 * day + timedelta(hours=9 + 3 * (number % 3))
        taps = begin + timedelta(minutes=number % 11), begin + timedelta(minutes=30 + number % 37)
        drawing = taps[0] + timedelta(seconds=40)
        yield f'[[booking]]\nid = "b{number}"\nmachine = "lathe-1"\nmember = "m{number % 4}"'
        yield f"start = {begin.isoformat()}\nend = {(begin + timedelta(minutes=90)).isoformat()}"
        step = '[[step]]\nmachine = "lathe-1"\n'
        for at in taps:
            yield f'{step}at = {at.isoformat()}\ndo = "tap"\nbadge = "0400000000{number % 4:02}"'
        yield f'{step}at = {drawing.isoformat()}\ndo = "current"\namps = 1.0'
