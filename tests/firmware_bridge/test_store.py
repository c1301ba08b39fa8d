"""The counters in the EEPROM: what a power cut leaves of them, and how they spread their wear."""

import ctypes
from collections import Counter

import pytest

from tests.firmware_bridge import building

RECORD_BYTES = 32
PLACES = 16


@pytest.fixture
def eeprom() -> ctypes.CDLL:
    """An erased EEPROM."""
    portable = building.portable()
    portable.portable_erase()
    return portable


def test_a_new_board_has_no_record(eeprom: ctypes.CDLL) -> None:
    """Nothing is found in an erased EEPROM."""
    assert eeprom.portable_load() == -1


def test_the_newest_record_counts(eeprom: ctypes.CDLL) -> None:
    """After any number of savings the last one is found."""
    for closings in range(1, 100):
        eeprom.portable_save(closings)
        assert eeprom.portable_load() == closings


def test_the_numbering_may_run_over(eeprom: ctypes.CDLL) -> None:
    """The last saving is found after more savings than their number can count."""
    for closings in range(66_000):
        eeprom.portable_save(closings)
    assert eeprom.portable_load() == 65_999


@pytest.mark.parametrize("written", range(RECORD_BYTES))
def test_a_cut_in_the_middle_of_a_saving_loses_that_saving_only(eeprom: ctypes.CDLL, written: int) -> None:
    """Wherever the supply goes while a record is written, the one before it is found."""
    for closings in range(20):
        eeprom.portable_save(closings)
    eeprom.portable_supply(written)
    eeprom.portable_save(20)
    assert eeprom.portable_load() == 19
    eeprom.portable_save(21)
    assert eeprom.portable_load() == 21


def test_the_wear_is_spread(eeprom: ctypes.CDLL) -> None:
    """Each of the sixteen places is written once in sixteen savings."""
    places = Counter(eeprom.portable_save(closings) for closings in range(10 * PLACES))
    assert len(places) == PLACES and set(places.values()) == {10}
