"""The indicator's table, the page that says the same, and what is lit when."""

from itertools import combinations
from pathlib import Path

import pytest

from controller.ports import Pattern
from hardware.indicator import PATTERNS, Frame, Rhythm, Showing, SimulatedIndicator

PAGE = Path(__file__).parents[2] / "docs" / "indicator.md"
PAUSES = [look.light for look in PATTERNS.values() if look.light.off_ms]


def rows() -> dict[str, list[str]]:
    """The page's table: the cells of each row, by pattern."""
    table = PAGE.read_text().split("|---|---|---|---|---|---|\n")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    return {row[0]: row for row in cells}


def test_the_table_has_every_pattern_of_the_controller() -> None:
    """The table and the controller know the same patterns."""
    assert list(PATTERNS) == [pattern.value for pattern in Pattern]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_page_says_what_the_table_does(pattern: str) -> None:
    """The page for members has each pattern's light, rhythm and sound as they are, and words for it."""
    look, row = PATTERNS[pattern], rows()[pattern]
    assert row[2:5] == [look.colour.name, look.light.name, look.sound.name]
    assert row[1] and row[5]


def test_the_page_has_no_pattern_of_its_own() -> None:
    """The page explains no light that the unit does not show."""
    assert list(rows()) == list(PATTERNS)


@pytest.mark.parametrize("rhythm", PAUSES)
def test_the_page_says_how_the_light_blinks(rhythm: Rhythm) -> None:
    """The page has each rhythm's times in seconds."""
    assert f"| {rhythm.name} | {rhythm.on_ms / 1000:g} s | {rhythm.off_ms / 1000:g} s |" in PAGE.read_text()


def test_no_two_patterns_look_alike() -> None:
    """Any two patterns differ in colour or in rhythm."""
    for one, other in combinations(PATTERNS.values(), 2):
        assert (one.colour, one.light) != (other.colour, other.light)


def test_nothing_flashes_fast_enough_to_harm() -> None:
    """No light flashes more than three times a second."""
    assert all(rhythm.on_ms + rhythm.off_ms >= 334 for rhythm in PAUSES)


def test_yes_and_no_sound_different() -> None:
    """Who sees no colours can hear whether a badge was accepted."""
    assert PATTERNS["granted"].sound != PATTERNS["refused"].sound


def test_a_light_blinks_in_its_rhythm() -> None:
    """A slow light is on for a second and off for a second, over and over."""
    showing = Showing().then("running", 10_000)
    lit = [showing.frame(10_000 + at).green for at in (0, 999, 1000, 1999, 2000, 62_999, 63_000)]
    assert lit == [True, True, False, False, True, True, False]


def test_a_sound_ends() -> None:
    """Two short beeps are two and not more."""
    showing = Showing().then("ending", 0)
    heard = [showing.frame(at).buzzer for at in (0, 100, 250, 350, 500, 60_000)]
    assert heard == [True, False, True, False, False, False]


def test_what_is_shown_again_does_not_sound_again() -> None:
    """Showing the pattern that shows already leaves its rhythm and its sound alone."""
    showing = Showing().then("ending", 0)
    assert showing.then("ending", 5000) == showing


def test_a_brief_pattern_is_played_out() -> None:
    """A grant shows for its time though the run begins at once, and the run's light begins after it."""
    showing = Showing().then("ready", 0).then("granted", 1000).then("running", 1001)
    assert [showing.shown(at) for at in (1001, 2499, 2500)] == ["granted", "granted", "running"]
    assert showing.frame(2500) == Frame(green=True)


def test_a_late_sound_is_heard_whole() -> None:
    """A pattern that is shown during a brief one sounds when its turn comes."""
    showing = Showing().then("refused", 0).then("fault", 10)
    assert showing.shown(1500) == "fault" and showing.frame(1500).buzzer


def test_a_second_refusal_begins_again() -> None:
    """A badge that is refused twice in a row is refused twice for all to see."""
    assert Showing().then("refused", 0).then("refused", 1000).shown(2400) == "refused"


def test_the_simulated_one_keeps_what_it_was_told() -> None:
    """A simulated indicator remembers all that it was told, and what shows now."""
    now = 0
    indicator = SimulatedIndicator(lambda: now)
    assert indicator.shown == ""
    for pattern in ("ready", "granted"):
        indicator.show(pattern)
    assert indicator.history == ["ready", "granted"] and indicator.shown == "granted"
    now = 1500
    assert indicator.shown == "ready"
