"""What cards prove, over nfcpy's udp driver and over a PN532 on a serial port."""

from collections.abc import Iterator

import pytest

from access.people import Strength
from hardware.badge_reader import nfc
from hardware.badge_reader.keys import CardKey, KeyFor, no_keys
from hardware.badge_reader.nfc import NfcReader
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.proof import authenticate, read
from hardware.badge_reader.reading import Reading
from hardware.badge_reader.simulated import SoftwareTag
from hardware.badge_reader.simulated.cards import Desfire, Ntag215, Ntag424, SoftwareCard
from hardware.badge_reader.simulated.pn532 import ANSWERS, FIRMWARE, Pn532
from hardware.badge_reader.tap import turn
from tests.hardware.cards import (
    MASTER,
    UID,
    Altering,
    CutShort,
    Endless,
    Fleeting,
    Greedy,
    Trembling,
    clone,
    keys_of,
    ours,
)

NUMBER = bytes.fromhex(UID)
MOST_COMMANDS, MOST_OCTETS = 18, 700


class UdpRoute:
    """nfcpy's udp driver, and a field."""

    def __init__(self) -> None:
        self._field = SoftwareTag()
        self.reader = nfc.open(self._field.path)

    def lay(self, card: SoftwareCard) -> None:
        """Lay a card on the reader."""
        self._field.lay(card, seconds=600)

    def close(self) -> None:
        """Take everything away."""
        self.reader.close()
        self._field.close()


class SerialRoute:
    """nfcpy's PN532 driver on pyserial, and a chip on a pseudo-terminal."""

    def __init__(self) -> None:
        self.chip = Pn532()
        self.reader = nfc.open(self.chip.path)

    def lay(self, card: SoftwareCard) -> None:
        """Lay a card on the reader."""
        self.chip.cards = [card]

    def close(self) -> None:
        """Take everything away."""
        self.reader.close()
        self.chip.unplug()


Route = UdpRoute | SerialRoute


@pytest.fixture(params=[UdpRoute, SerialRoute])
def route(request: pytest.FixtureRequest) -> Iterator[Route]:
    """Each way to a card in turn."""
    made: Route = request.param()
    yield made
    made.close()


@pytest.fixture
def serial() -> Iterator[SerialRoute]:
    """The PN532 alone."""
    made = SerialRoute()
    yield made
    made.close()


def listed(uid: str) -> CardKey | None:
    """A unit's keys: it holds that of one card."""
    return CardKey(MASTER.key(uid, 1)) if uid == UID else None


def tap(reader: NfcReader, key_for: KeyFor = listed, worth: Strength | None = None) -> Reading:
    """What the card on the reader is worth.

    The driver's time-outs are tenths of a second, and a busy computer may miss them: a card that is to prove
    something (`worth`) is laid down again until it does, as a hand would.
    """
    for _ in range(20):
        reading = turn(reader, Presence(), key_for, lambda: None)
        if reading is not None and worth in (None, reading.worth):
            return reading
    raise AssertionError(f"not read in twenty tries: {reading}")


@pytest.mark.parametrize("key_for", [listed, MASTER.key_for])
@pytest.mark.parametrize("kind", [Ntag424, Desfire])
def test_a_card_with_its_key_is_verified(route: Route, kind: type[Desfire], key_for: KeyFor) -> None:
    """A card that holds its own key is verified, by a unit that has that key and by a desk that can make it."""
    route.lay(ours(kind))
    worth = Strength.NTAG424 if kind is Ntag424 else Strength.DESFIRE
    reading = tap(route.reader, key_for, worth)
    assert (reading.uid, reading.verified, reading.reason) == (UID, True, "")


@pytest.mark.parametrize("kind", [Ntag424, Desfire])
def test_the_right_number_with_the_wrong_key_is_refused(route: Route, kind: type[Desfire]) -> None:
    """A card with a known number and another key is refused, and the reason says why."""
    route.lay(clone(kind))
    reading = tap(route.reader)
    assert not reading.verified and reading.worth is Strength.FAILED
    assert reading.reason == "the card does not hold the key of its number"


def test_a_key_of_another_number_is_not_enough(route: Route) -> None:
    """The key that a kiosk checks does not open a machine: each number is another key."""
    keys = keys_of()
    route.lay(Ntag424(NUMBER, (keys[0], keys[2], keys[2], keys[3], keys[4])))
    assert tap(route.reader).worth is Strength.FAILED
    route.lay(ours())
    assert (
        tap(route.reader, lambda uid: CardKey(keys[2], number=2), worth=Strength.NTAG424).worth is Strength.NTAG424
    )


def test_a_key_of_another_card_is_not_enough(route: Route) -> None:
    """A real card of the workshop that takes on another's number is refused: keys are bound to numbers."""
    route.lay(Ntag424(NUMBER, keys_of("04FFFFFFFFFFFF")))
    assert tap(route.reader, MASTER.key_for).worth is Strength.FAILED


def test_an_altered_answer_is_refused(route: Route) -> None:
    """A true card's proof with one bit changed on the way is refused."""
    route.lay(Altering(NUMBER, keys_of()))
    assert tap(route.reader).worth is Strength.FAILED


def test_the_transcript_of_table_14_is_spoken_byte_for_byte(route: Route) -> None:
    """With the random numbers of AN12196, what goes to the card and back is AN12196's table 14."""
    b, transaction = "B9E2FC789B64BF237CCCAA20EC7E6E48", "9D00C4DF"
    given = iter([bytes.fromhex(b), bytes.fromhex(transaction)])
    heard: list[str] = []

    class Scribe(Ntag424):
        def apdu(self, command: bytes) -> bytes:
            answer = super().apdu(command)
            heard.extend((command.hex().upper(), answer.hex().upper()))
            return answer

    route.lay(Scribe(NUMBER, randoms=lambda count: next(given)))
    card = route.reader.find()
    assert card is not None
    card.transceive(bytes.fromhex("00A4040C07D276000085010100"))
    ours = bytes.fromhex("13C5DB8A5930439FC3DEF9A4C675360F")
    session = authenticate(card, CardKey(bytes(16), number=0), lambda count: ours)
    assert heard[2:] == [
        "9071000002000000",
        "A04C124213C186F22399D33AC2A3021591AF",
        "90AF00002035C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D00",
        "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F081206639100",
    ]
    assert session.transaction == bytes.fromhex(transaction)


def test_a_tag_has_a_number_and_no_more(route: Route) -> None:
    """An NTAG215 is identified, not verified, whatever keys there are; it is not refused as such."""
    route.lay(Ntag215(NUMBER))
    for key_for in (no_keys, listed, MASTER.key_for):
        assert tap(route.reader, key_for, worth=Strength.UID).worth is Strength.UID


def test_a_card_without_a_key_here_is_only_identified(route: Route) -> None:
    """A reader that holds no key for a card asks it for its number only."""
    route.lay(ours(uid="04FFFFFFFFFFFF"))
    assert tap(route.reader, worth=Strength.UID).worth is Strength.UID


def test_a_number_drawn_at_random_is_refused(route: Route) -> None:
    """Four bytes that begin with 08 are no badge."""
    route.lay(Ntag215(bytes.fromhex("08A1B2C3")))
    reading = tap(route.reader, MASTER.key_for)
    assert reading.worth is Strength.FAILED and "random" in reading.reason


def test_a_listed_card_without_the_application_is_refused(route: Route) -> None:
    """A card that a unit holds a key for, without the application, is a copy; to a desk it is a stranger."""

    class Stranger(Ntag424):
        select = b""

    route.lay(Stranger(NUMBER))
    assert tap(route.reader).worth is Strength.FAILED
    assert tap(route.reader, MASTER.key_for, worth=Strength.UID).worth is Strength.UID


@pytest.mark.parametrize("kind", [Greedy, CutShort, Endless, Fleeting])
def test_a_card_that_misbehaves_is_refused_and_the_next_is_read(route: Route, kind: type[Ntag424]) -> None:
    """Endless requests for time, a short answer to select, 4,000 bytes and a card pulled away end in a refusal."""
    route.lay(kind(NUMBER, keys_of()))
    reading = tap(route.reader)
    assert reading.worth is Strength.FAILED and reading.reason
    route.lay(ours())
    assert tap(route.reader, worth=Strength.NTAG424).worth is Strength.NTAG424


def test_a_hand_that_trembles_is_forgiven(route: Route) -> None:
    """A block that is lost once is asked for again, and the card is verified."""
    route.lay(Trembling(NUMBER, keys_of()))
    assert tap(route.reader, worth=Strength.NTAG424).worth is Strength.NTAG424


def test_a_card_that_comes_back_at_once_has_a_second_chance(route: Route) -> None:
    """A card that is lost in the middle and found again at once is asked again, and verified."""

    class Back(Ntag424):
        heard = 0

        def answer(self, frame: bytes) -> bytes | None:
            self.heard += 1
            return None if 3 <= self.heard <= 5 else super().answer(frame)

    route.lay(Back(NUMBER, keys_of()))
    assert tap(route.reader, worth=Strength.NTAG424).worth is Strength.NTAG424


def test_two_cards_at_once_are_refused_and_said(serial: SerialRoute) -> None:
    """The PN532 asks for two cards, and where it finds two, neither is taken."""
    serial.chip.cards = [ours(), Ntag215(bytes(7))]
    reading = tap(serial.reader)
    assert (reading.uid, reading.worth) == ("", Strength.FAILED)
    assert "two cards" in reading.reason


def test_two_badges_within_a_second_are_refused_where_the_reader_cannot_tell() -> None:
    """A reader that sees one card at a time refuses the second of two that come within a second."""
    route, presence = UdpRoute(), Presence()
    route.lay(ours())
    first = turn(route.reader, presence, listed, lambda: None)
    route.lay(Ntag215(bytes.fromhex("04FFFFFFFFFFFF")))
    second = turn(route.reader, presence, listed, lambda: None)
    assert first is not None and first.worth is Strength.NTAG424
    assert second is not None and "two cards" in second.reason
    route.close()


@pytest.mark.parametrize("kind", [Ntag424, Desfire])
def test_a_verified_tap_is_short(serial: SerialRoute, kind: type[Desfire]) -> None:
    """From the finding poll to the last answer a verified tap takes 18 host commands and 700 bytes at the most."""
    serial.lay(ours(kind))
    serial.chip.commands.clear()
    serial.chip.octets = 0
    reading = tap(serial.reader)
    assert reading.verified and reading.frames == len(serial.chip.commands) <= MOST_COMMANDS
    assert serial.chip.octets <= MOST_OCTETS


def test_the_self_test_asks_the_chip_who_it_is(serial: SerialRoute, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chip that is well passes its test; one that says something else, or is unplugged, is gone."""
    serial.reader.test()
    serial.reader.test()
    with monkeypatch.context() as patched:
        patched.setitem(ANSWERS, FIRMWARE, b"\x32\x00\x00\x00")
        with pytest.raises(nfc.ReaderGoneError, match="self-test"):
            serial.reader.test()
    serial.chip.unplug()
    with pytest.raises(nfc.ReaderGoneError):
        serial.reader.test()
    serial.chip = Pn532()


def test_no_key_is_in_what_is_printed() -> None:
    """Keys and sessions do not show when they are printed, as they might be in a log."""
    secret = MASTER.key(UID, 1)
    shown = f"{MASTER!r} {CardKey(secret)!r}"
    assert MASTER.secret.hex() not in shown and repr(MASTER.secret) not in shown and repr(secret) not in shown


def test_a_bare_reading_asks_the_card_nothing() -> None:
    """Without a key the card is not asked for anything, not even its answer to select."""

    class Silent:
        uid, speaks = UID, True

        @property
        def answer_to_select(self) -> bytes:
            raise AssertionError

        def transceive(self, apdu: bytes) -> bytes:
            raise AssertionError

    assert read(Silent(), no_keys) == Reading(UID)
