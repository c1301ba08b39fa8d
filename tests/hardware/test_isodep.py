"""The card's blocks: what a slow, an odd or a hostile card can do, and when it ends."""

from collections.abc import Callable

import pytest

from hardware.badge_reader.isodep import LEAST_WAIT_S, LONGEST_WAIT_S, IsoDep, limits
from hardware.badge_reader.port import CardError, CardLeftError

ATS = bytes.fromhex("067777710280")


def talk(*answers: bytes | None, clock: Callable[[], float] = lambda: 0.0) -> tuple[IsoDep, list[bytes]]:
    """A conversation with a card that gives these answers, None for silence; and what it was sent."""
    sent: list[bytes] = []
    given = iter((ATS, *answers))

    def exchange(block: bytes, seconds: float) -> bytes:
        sent.append(block)
        answer = next(given)
        if answer is None:
            raise CardLeftError
        return answer

    return IsoDep(exchange, clock=clock), sent


def test_block_numbers_alternate() -> None:
    """Commands go in blocks that are numbered in turns, and so do their answers."""
    card, sent = talk(b"\x02one", b"\x03two", b"\x02three")
    assert [card.transceive(b"x") for _ in range(3)] == [b"one", b"two", b"three"]
    assert sent == [b"\xe0\x80", b"\x02x", b"\x03x", b"\x02x"]


def test_a_lost_answer_is_asked_for_again() -> None:
    """Silence is asked about; a card that answered says it again."""
    card, sent = talk(None, b"\x02one")
    assert card.transceive(b"x") == b"one" and sent[1:] == [b"\x02x", b"\xb2"]


def test_a_command_that_was_never_heard_is_sent_again() -> None:
    """A card that has not heard the command says so, and it is sent again."""
    card, sent = talk(None, b"\xa3", b"\x02one")
    assert card.transceive(b"x") == b"one" and sent[1:] == [b"\x02x", b"\xb2", b"\x02x"]


def test_a_long_answer_comes_in_parts() -> None:
    """An answer in several blocks is put together."""
    card, sent = talk(b"\x12one", b"\x03two")
    assert card.transceive(b"x") == b"onetwo" and sent[1:] == [b"\x02x", b"\xa3"]


def test_a_card_may_ask_for_more_time() -> None:
    """A request for more time is granted as it was asked."""
    card, sent = talk(b"\xf2\x02", b"\x02one")
    assert card.transceive(b"x") == b"one" and sent[1:] == [b"\x02x", b"\xf2\x02"]


HOSTILE = {
    "asks for more": [b"\xf2\x01"] * 99,
    "no end": [b"\x12" + bytes(250), b"\x13" + bytes(250)] * 99,
    "protocol": [b"\xa3"] * 99,
    "keep to the protocol": [b"\x03one"],
}


@pytest.mark.parametrize("why", HOSTILE)
def test_what_has_no_end_is_ended(why: str) -> None:
    """Time for ever, an answer for ever, a repetition for ever and a wrong number are errors that say so."""
    card, sent = talk(*HOSTILE[why])
    with pytest.raises(CardError, match=why):
        card.transceive(b"x")
    assert len(sent) < 20


def test_a_silent_card_has_left() -> None:
    """A card that is not heard three times has left."""
    card, sent = talk(None, None, None)
    with pytest.raises(CardLeftError):
        card.transceive(b"x")
    assert len(sent) == 4


def test_an_empty_answer_is_none() -> None:
    """A card that answers an empty frame three times has left."""
    card, _ = talk(b"", b"", b"")
    with pytest.raises(CardLeftError):
        card.transceive(b"x")


def test_a_card_has_a_deadline() -> None:
    """However well it answers, a card that takes too long altogether is given up."""
    now = [0.0]
    card, _ = talk(b"\x02one", b"\x03two", clock=lambda: now[0])
    assert card.transceive(b"x") == b"one"
    now[0] = 60.0
    with pytest.raises(CardError, match="too long"):
        card.transceive(b"x")


def test_a_command_that_does_not_fit_is_refused() -> None:
    """What does not fit the card's blocks is not sent."""
    card, sent = talk()
    with pytest.raises(CardError, match="too small"):
        card.transceive(bytes(126))
    assert len(sent) == 1


@pytest.mark.parametrize("answer", ["067777710280", "0675778102", "01", "0270", "0578710280"])
def test_an_answer_to_select_is_read_with_care(answer: str) -> None:
    """Real answers give a size and a wait within bounds; those cut short are errors, never an IndexError."""
    raw = bytes.fromhex(answer)
    if raw[0] != len(raw) or raw == b"\x02\x70":
        with pytest.raises(CardError, match="cut short"):
            limits(raw)
    else:
        size, wait = limits(raw)
        assert size in (32, 128, 256) and LEAST_WAIT_S <= wait <= LONGEST_WAIT_S
