"""Writing a blank at the desk: what is checked, what is written, and that it can be broken off anywhere."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA224
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from access.people import Strength
from hardware.badge_reader import nfc
from hardware.badge_reader.isodep import IsoDep
from hardware.badge_reader.keys import Master
from hardware.badge_reader.port import CardError, CardLeftError
from hardware.badge_reader.proof import read
from hardware.badge_reader.simulated.cards import FACTORY_KEYS, Desfire, Ntag215, Ntag424, SoftwareCard
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.badge_reader.writing import Desk, NotWritableError
from tests.hardware.cards import MASTER, UID, keys_of

PUBLISHED = (
    "0463474AA26A80",
    "27E9A50E6CA4BA9037C02F7D20A80D0284D0C1D83C67F5A5AC1D8A4EF86C9508417E4E9C6F85AA7920F0ABDED984CAF20467D66EA54BBF08",
)
"""The number of a real NTAG 424 DNA, and its maker's signature over it."""
TEST_MAKER = ec.generate_private_key(ec.SECP224R1())
ANCHOR = TEST_MAKER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
"""A maker that only these tests believe."""


def blank() -> Ntag424:
    """A real blank, as far as anybody can tell."""
    return Ntag424(bytes.fromhex(PUBLISHED[0]), signature=bytes.fromhex(PUBLISHED[1]))


def signed(uid: str) -> bytes:
    """A signature of the tests' own maker."""
    digest = bytes.fromhex(uid).rjust(28, b"\x00")
    der = TEST_MAKER.sign(digest, ec.ECDSA(utils.Prehashed(SHA224())))
    return b"".join(part.to_bytes(28, "big") for part in utils.decode_dss_signature(der))


class Laid:
    """A card on a desk, heard without a reader; it is taken away after `frames`."""

    def __init__(self, card: SoftwareCard, frames: int = 10_000) -> None:
        card.wake()
        self.uid, self.speaks = card.uid.hex().upper(), card.kind == b"\x20"
        self._card, self._left = card, frames
        self._talk = IsoDep(self._exchange, patience_s=60) if self.speaks else None
        self.answer_to_select = b""
        self.sent: list[bytes] = []

    @property
    def frames(self) -> int:
        """How many frames it has been sent."""
        return len(self.sent)

    def transceive(self, apdu: bytes) -> bytes:
        """See `port.Card`."""
        assert self._talk is not None
        return self._talk.transceive(apdu)

    def _exchange(self, block: bytes, seconds: float) -> bytes:
        if hasattr(self, "sent"):
            self.sent.append(block)
            if len(self.sent) > self._left:
                raise CardLeftError("gone")
        return self._card.answer(block) or b""


def test_a_blank_becomes_a_card_of_the_workshop() -> None:
    """A published blank is given five keys of its own, none of them the factory's, and is verified then."""
    card, told = blank(), []
    Desk(MASTER).write(Laid(card), told.append)
    assert tuple(card.keys) == keys_of(PUBLISHED[0])
    assert len({*card.keys, *FACTORY_KEYS}) == 6
    assert read(Laid(card), MASTER.key_for).worth is Strength.NTAG424
    assert told[0] == "its maker vouches for it" and told[-1] == "it proves itself"


def test_writing_goes_through_a_real_driver() -> None:
    """A blank on a PN532 is written through nfcpy's driver."""
    chip, card = Pn532(), blank()
    chip.cards = [card]
    reader = nfc.open(chip.path, patience_s=30)
    found = reader.find()
    assert found is not None
    Desk(MASTER).write(found)
    assert tuple(card.keys) == keys_of(PUBLISHED[0])
    reader.close()
    chip.unplug()


def frames_of_a_whole_writing() -> int:
    """How many frames it takes from a blank to a card."""
    laid = Laid(blank())
    Desk(MASTER).write(laid)
    return laid.frames


@pytest.mark.parametrize("after", range(frames_of_a_whole_writing()))
def test_a_writing_broken_off_can_be_done_again(after: int) -> None:
    """Whatever frame is the last that the card hears, it can be enrolled again, and is whole then."""
    card = blank()
    with pytest.raises(CardError):
        Desk(MASTER).write(Laid(card, frames=after))
    Desk(MASTER).write(Laid(card))
    assert tuple(card.keys) == keys_of(PUBLISHED[0])


class Deaf(Ntag424):
    """Does what it is told, and is taken away before it can say so."""

    deaf_after = 0

    def answer(self, frame: bytes) -> bytes | None:
        """See `SoftwareCard`."""
        self.deaf_after -= 1
        answer = super().answer(frame)
        return answer if self.deaf_after >= 0 else None


@pytest.mark.parametrize("after", range(frames_of_a_whole_writing()))
def test_a_key_written_without_a_word_is_found(after: int) -> None:
    """A card that did as it was told, and was gone before it said so, is enrolled at the second time."""
    card = Deaf(bytes.fromhex(PUBLISHED[0]), signature=bytes.fromhex(PUBLISHED[1]))
    card.deaf_after = after
    with pytest.raises(CardError):
        Desk(MASTER).write(Laid(card))
    card.deaf_after = 10_000
    Desk(MASTER).write(Laid(card))
    assert tuple(card.keys) == keys_of(PUBLISHED[0])


def test_a_finished_card_is_not_written_again() -> None:
    """A card that has all its keys stays as it is."""
    card = Ntag424(bytes.fromhex(PUBLISHED[0]), keys_of(PUBLISHED[0]), bytes.fromhex(PUBLISHED[1]))
    laid = Laid(card)
    Desk(MASTER).write(laid)
    assert not any(b"\x90\xc4" in frame for frame in laid.sent)


@pytest.mark.parametrize("signature", [bytes(56), bytes.fromhex(PUBLISHED[1])[:-1] + b"\x00", b""])
def test_a_blank_that_nobody_vouches_for_is_handed_nothing(signature: bytes) -> None:
    """A card without its maker's signature is refused, and hears of no key, not even of a proof."""
    card = Ntag424(bytes.fromhex(PUBLISHED[0]), signature=signature)
    laid = Laid(card)
    with pytest.raises(NotWritableError, match="vouch"):
        Desk(MASTER).write(laid)
    assert tuple(card.keys) == FACTORY_KEYS and laid.frames == 2


def test_a_signature_of_another_number_vouches_for_nothing() -> None:
    """A real card's signature on a card of another number is refused."""
    with pytest.raises(NotWritableError, match="vouch"):
        Desk(MASTER).write(Laid(Ntag424(bytes.fromhex(UID), signature=bytes.fromhex(PUBLISHED[1]))))


def test_the_tests_own_maker_is_believed_by_nobody_else() -> None:
    """A blank that the tests sign is written by a desk that is told to, and refused by one that is not."""
    card = Ntag424(bytes.fromhex(UID), signature=signed(UID))
    with pytest.raises(NotWritableError, match="vouch"):
        Desk(MASTER).write(Laid(card))
    Desk(MASTER, maker=ANCHOR).write(Laid(card))
    assert tuple(card.keys) == keys_of()


@pytest.mark.parametrize("keys", [(b"x" * 16,) * 5, (bytes(16), b"x" * 16, bytes(16), bytes(16), bytes(16))])
def test_another_workshops_card_is_left_alone(keys: tuple[bytes, ...]) -> None:
    """A card with somebody else's keys, all of them or one, is refused and not changed."""
    card = Ntag424(bytes.fromhex(PUBLISHED[0]), keys, bytes.fromhex(PUBLISHED[1]))
    with pytest.raises(NotWritableError, match="another workshop"):
        Desk(MASTER).write(Laid(card))
    assert tuple(card.keys) == keys


def test_another_kind_of_card_is_left_alone() -> None:
    """A tag, a DESFire and a card with a number of four bytes are no blanks."""
    for card in (Ntag215(bytes.fromhex(UID)), Desfire(bytes.fromhex(UID)), Ntag424(bytes(4))):
        with pytest.raises(NotWritableError, match="no NTAG 424"):
            Desk(MASTER).write(Laid(card))


def test_no_two_cards_and_no_two_workshops_share_a_key() -> None:
    """What is written is the card's own: other cards, and the same card elsewhere, have other keys."""
    other = Master(MASTER.secret, bytes.fromhex("AAAAAAAAAAAAAA"))
    keys = [*keys_of(), *keys_of("04FFFFFFFFFFFF"), *(other.key(UID, number) for number in range(5))]
    assert len(set(keys)) == 15 and MASTER.secret not in keys
