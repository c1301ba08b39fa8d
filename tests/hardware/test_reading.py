"""What a badge number is, and when a badge counts as placed."""

import pytest

from hardware.badge_reader.presence import AWAY_S, Presence
from hardware.badge_reader.reading import Reading

BADGE, OTHER = Reading("04A1B2C3D4E5F6"), Reading("DEADBEEF")


@pytest.mark.parametrize("uid", ["", "04A1B2", "04a1b2c3", "04A1B2C3D4E5F607", "ZZZZZZZZ"])
def test_what_is_no_badge_number_is_refused(uid: str) -> None:
    """A number that is not 4, 7 or 10 bytes in upper-case hexadecimal is no reading."""
    with pytest.raises(ValueError, match="hex"):
        Reading(uid)


def test_a_number_that_changes_at_every_tap_is_known_as_such() -> None:
    """Four bytes that begin with 08 are made up by the card; seven bytes never are."""
    assert Reading("08123456").made_up
    assert not Reading("08123456789ABC").made_up


def test_a_badge_that_lies_there_is_placed_once() -> None:
    """A badge that is sensed again and again is placed once, also when it is missed for a moment."""
    presence = Presence()
    at = [0.0, 0.02, 0.04, 0.04 + 0.9 * AWAY_S]
    assert [presence.placed(BADGE, now) for now in at] == [True, False, False, False]


def test_a_badge_that_was_away_is_placed_again() -> None:
    """A badge that was not sensed for a while is placed anew."""
    presence = Presence()
    assert presence.placed(BADGE, 0.0) and presence.placed(BADGE, AWAY_S)


def test_two_badges_together_are_each_placed_once() -> None:
    """Two badges that are sensed in turns do not chase each other away."""
    presence = Presence()
    placed = [presence.placed(badge, turn / 20) for turn, badge in enumerate([BADGE, OTHER] * 10)]
    assert placed == [True, True] + [False] * 18


def test_a_phone_is_one_badge_whatever_number_it_makes_up() -> None:
    """A phone that draws a new number at each turn is placed once."""
    presence = Presence()
    readings = [Reading(f"08{number:06X}") for number in range(5)]
    assert [presence.placed(each, 0.0) for each in readings] == [True, False, False, False, False]
