"""`lisiere bench`: what it prints, never how fast."""

import json

import pytest

from lisiere.bench.command import FIGURES, command, table
from lisiere.bench.timing import Counts, beside, percentile

TINY = Counts(
    taps=2,
    warm_up=0,
    starts=1,
    exchanges=3,
    rows=4,
    days=1,
    revocations=1,
    drains=1,
    quiet_taps=1,
    waiting_rows=20,
    dawdlers=3,
    asks=2,
    touches=2,
    idle_s=0.1,
    kiosk_hours=1,
)
SIDE_BY_SIDE = {"p50_ms", "p99_ms", "floor_p50_ms", "floor_p99_ms", "ratio_p50", "ratio_p99"}


def test_an_exchange_is_told_beside_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    """`lisiere bench exchange --json` prints one object that holds each time, its floor and their ratio."""
    assert command(["exchange", "--json"], TINY) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"exchange"} and told["exchange"].keys() == {"empty", "rows_4"}
    for figure in told["exchange"].values():
        assert figure.keys() == SIDE_BY_SIDE
        assert all(value > 0 for value in figure.values())


def test_a_tap_goes_through_the_reader_the_journal_and_the_pin(capsys: pytest.CaptureFixture[str]) -> None:
    """`lisiere bench tap` drives a whole unit with its reader's process to live power, and ends all of it."""
    assert command(["tap", "--json"], TINY) == 0
    assert json.loads(capsys.readouterr().out)["tap"].keys() == SIDE_BY_SIDE


def test_a_revoked_badge_ends_the_run_of_a_real_unit(capsys: pytest.CaptureFixture[str]) -> None:
    """`lisiere bench revocation` revokes the badge of a running machine at a real twin, until its relay opens."""
    assert command(["revocation", "--json"], TINY) == 0
    assert json.loads(capsys.readouterr().out)["revocation"].keys() == SIDE_BY_SIDE


def test_what_waited_reaches_a_twin_that_is_back(capsys: pytest.CaptureFixture[str]) -> None:
    """`lisiere bench drain` ends and starts a real twin, until it has what waited."""
    assert command(["drain", "--json"], TINY) == 0
    told = json.loads(capsys.readouterr().out)["drain"]
    assert told["rows"] == 20 and told["taps_meanwhile"] >= 1


def test_dawdlers_keep_nobody_out(capsys: pytest.CaptureFixture[str]) -> None:
    """`lisiere bench siege` asks a real twin and a real unit's LAN port among callers who dawdle."""
    assert command(["siege", "--json"], TINY) == 0
    told = json.loads(capsys.readouterr().out)["siege"]
    assert told.keys() == {"twin", "unit"}
    for figure in told.values():
        assert figure.keys() == SIDE_BY_SIDE | {"dawdlers", "slowest_ms"}


@pytest.mark.long
def test_a_kiosk_that_was_killed_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    """`lisiere bench kiosk` touches a real window, and kills a real kiosk: each time it is on the screen again."""
    assert command(["kiosk", "--json"], TINY) == 0
    told = json.loads(capsys.readouterr().out)["kiosk"]
    assert {"highlight_p95_ms", "next_screen_p95_ms", "killed_to_board_s", "rss_mb", "idle_percent"} <= told.keys()
    assert told["day_hours"] == 1


def test_a_figure_that_does_not_exist_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name ends with status 2 and the names that there are."""
    assert command(["speed"]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1
    assert all(name in told.err for name in FIGURES)


def test_people_get_a_line_for_each_figure() -> None:
    """The table shows every time with its floor and ratio in one line, and what has no floor without."""
    text = table({"tap": beside([2_000_000], [1_000_000]), "unit": {"rss_mb": 90.0, "floor_rss_mb": 10.0}})
    assert [line.split() for line in text.splitlines() if line.startswith("  ")] == [
        ["here", "floor", "times"],
        ["p50_ms", "2", "1", "2"],
        ["p99_ms", "2", "1", "2"],
        ["rss_mb", "90", "10"],
    ]


@pytest.mark.parametrize(("percent", "expected"), [(50, 2), (75, 3), (76, 4), (99, 4), (0, 1)])
def test_a_percentile_is_one_of_the_values(percent: int, expected: int) -> None:
    """A percentile is the smallest value that at least this share of the values does not exceed."""
    assert percentile([4, 1, 3, 2], percent) == expected
