"""Trials by the thousand and the million on the portable part of the firmware, on this computer."""

import json
import subprocess

import pytest

from tests.firmware_bridge import building

SEED = 20261121


def trials(kind: str, count: int) -> dict[str, int]:
    """The figures of a run of trials."""
    done = subprocess.run([building.native(), kind, str(count), str(SEED)], capture_output=True, check=True)
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


def assert_fuzzed(count: int) -> None:
    """No hostile frame out of so many closed the relay or made a hold longer."""
    figures = trials("fuzz", count)
    assert figures["frames"] == count and figures["answers"] > count / 10
    assert figures["closings"] == 0 and figures["refreshes"] == 0


def test_no_hostile_frame_closes_or_refreshes() -> None:
    """Of a million frames of noise, cuts, flips, replays and nonsense, none closes the relay or renews a hold."""
    assert_fuzzed(1_000_000)


@pytest.mark.long
def test_no_hostile_frame_out_of_ten_million_closes_or_refreshes() -> None:
    """Of ten million such frames, none closes the relay or renews a hold."""
    assert_fuzzed(10_000_000)


def test_silence_always_opens_in_time() -> None:
    """In 10,000 sessions that fall silent, each relay opens in under 600 ms, and a late hold closes none."""
    figures = trials("silence", 10_000)
    assert (figures["trials"], figures["never_opened"], figures["closed_again"]) == (10_000, 0, 0)
    assert 0 < figures["longest_ms"] < 600


def test_mains_back_never_closes() -> None:
    """In 10,000 power cuts in mid-session, the relay stays open when the supply is back, whatever is still sent."""
    assert trials("cuts", 10_000) == {"trials": 10_000, "closings": 0}
