"""Cards, and a chip, that answer nonsense: no crash, no hang, no grant."""

import random
from contextlib import suppress

import pytest

from access.people import Strength
from hardware.badge_reader import nfc
from hardware.badge_reader.isodep import IsoDep
from hardware.badge_reader.keys import CardKey
from hardware.badge_reader.port import Card, CardLeftError
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.reading import ReaderGoneError, Reading
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.badge_reader.tap import turn
from tests.hardware.cards import MASTER, UID, clone, ours

PERHAPS = [bytes.fromhex(text) for text in ("067777710280", "9000", "91AF", "9100", "02", "03", "12", "F201", "A2")]
MOST_FRAMES = 200


class Liar:
    """A card whose every answer is a true card's, altered, or nothing but noise."""

    uid, speaks = UID, True

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._true = dice.choice((ours, clone))()
        self._talk: IsoDep | None = None
        self.frames = self.lies = 0

    @property
    def answer_to_select(self) -> bytes:
        """See `port.Card`."""
        return self._talking().answer_to_select

    def transceive(self, apdu: bytes) -> bytes:
        """See `port.Card`."""
        return self._talking().transceive(apdu)

    def _talking(self) -> IsoDep:
        if self._talk is None:
            self._talk = IsoDep(self._exchange, clock=lambda: 0.0)
        return self._talk

    def _exchange(self, block: bytes, seconds: float) -> bytes:
        self.frames += 1
        assert self.frames < MOST_FRAMES, "it has no end"
        true = self._true.answer(block) or b""
        said = self._altered(true)
        self.lies += said != true
        if not said and self._dice.random() < 0.5:
            raise CardLeftError("silence")
        return said

    def _altered(self, true: bytes) -> bytes:
        dice = self._dice
        match dice.randrange(8):
            case 0:
                return dice.randbytes(dice.randrange(64))
            case 1:
                return true[: dice.randrange(len(true) + 1)]
            case 2 if true:
                at = dice.randrange(len(true))
                return true[:at] + bytes((true[at] ^ 1 << dice.randrange(8),)) + true[at + 1 :]
            case 3:
                return b"".join(dice.choices(PERHAPS, k=dice.randrange(4)))
            case 4:
                return true + dice.randbytes(dice.randrange(300))
        return true


class LyingReader:
    """A reader with a liar on it."""

    name, sees_several, frames = "a liar", True, 0

    def __init__(self, dice: random.Random) -> None:
        self.card = Liar(dice)

    def find(self) -> Card | None:
        """See `port.BadgeReader`."""
        return self.card

    def test(self) -> None:
        """See `port.BadgeReader`."""

    def close(self) -> None:
        """See `port.BadgeReader`."""


def answers(dice: random.Random) -> int:
    """One tap of a liar: how many answers it gave."""
    reader = LyingReader(dice)
    key = CardKey(MASTER.key(UID, 1))
    reading = turn(reader, Presence(), lambda uid: key, lambda: None)
    assert reading is not None
    proved = reading.worth not in (Strength.FAILED, Strength.UID)
    assert not proved or reader.card._true.keys[1] == key.secret, "a card without the key was let in"
    return reader.card.frames


def fuzz(most: int) -> None:
    """So many answers, the same at each run."""
    dice, given = random.Random(424), 0
    while given < most:
        given += answers(dice)


def test_answers_of_all_kinds_grant_nothing() -> None:
    """Five thousand altered answers: no crash, no tap without end, and no card without the key is let in."""
    fuzz(5_000)


@pytest.mark.long
def test_a_hundred_thousand_answers_grant_nothing() -> None:
    """A hundred thousand altered answers: no crash, no tap without end, no card without the key is let in."""
    fuzz(100_000)


def test_a_reading_from_the_pipe_is_read_with_care() -> None:
    """A line of the reader's process that is no reading is an error, never a tap."""
    for wrong in ("{}", "[]", "1", '{"uid": "04"}', Reading(UID).to_json().replace("uid", "uids")):
        with pytest.raises(ValueError):
            Reading.from_json(wrong)


class MadChip(Pn532):
    """A chip whose answers are altered, once it was opened."""

    dice: random.Random | None = None

    def result(self, command: int, data: bytes) -> bytes:
        """What the chip answers to a command."""
        true = super().result(command, data)
        match self.dice.randrange(12) if self.dice is not None else 99:
            case 0:
                return true[: len(true) // 2]
            case 1 if self.dice is not None:
                return self.dice.randbytes(self.dice.randrange(40))
            case 2:
                return b""
        return true


def test_a_mad_chip_is_lost_or_grants_nothing() -> None:
    """Whatever a chip makes of what it is asked: no card, a refusal or a lost reader, and no other error."""
    chip = MadChip()
    chip.cards = [clone()]
    reader = nfc.open(chip.path)
    chip.dice = random.Random(532)
    for _ in range(300):
        with suppress(ReaderGoneError):
            reading = turn(reader, Presence(), MASTER.key_for, lambda: None)
            assert reading is None or reading.worth in (Strength.FAILED, Strength.UID)
            reader.test()
    chip.unplug()
