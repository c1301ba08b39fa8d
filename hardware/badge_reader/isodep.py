"""ISO 14443-4: commands and answers in blocks, for cards that may be slow, odd or hostile.

nfcpy has this too, but there a card that asks for more time for ever is granted it, an answer may be of any
length, and a short answer to select is an IndexError. Here everything has an end.
"""

import time
from collections.abc import Callable

from hardware.badge_reader.port import CardError, CardLeftError

Exchange = Callable[[bytes, float], bytes]
"""Sends a block and returns the card's, within seconds. CardLeftError for none, or for one that came broken."""

RATS = b"\xe0\x80"
"""The request for the answer to select; this reader takes blocks of 256 bytes."""
FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
FIRST_WAIT_S = 302e-6
USUAL_WAIT, USUAL_SIZE = 4, 2
LEAST_WAIT_S, LONGEST_WAIT_S = 0.1, 0.4
"""The card's own waiting time is only believed between these."""
REPEATS = 2
EXTENSIONS = 12
LONGEST_ANSWER = 512
PATIENCE_S = 0.6
"""A card has this long for one tap, from its first block to its last: twice, and the reader is still in time."""


class IsoDep:
    """The conversation with one card."""

    def __init__(
        self, exchange: Exchange, patience_s: float = PATIENCE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Wake the card up. CardError when its answer to select is none."""
        self._exchange, self._clock = exchange, clock
        self._end = clock() + patience_s
        self._number = 0
        self._wait_s = LEAST_WAIT_S
        self.answer_to_select = self._sent(RATS)
        self._size, self._wait_s = limits(self.answer_to_select)

    def transceive(self, apdu: bytes) -> bytes:
        """The card's answer to a command. CardError, CardLeftError."""
        if len(apdu) > self._size - 3:
            raise CardError("the card takes blocks that are too small")
        block = self._block(bytes((0x02 | self._number,)) + apdu)
        answer = block[1:]
        while block[0] & 0x10:
            block = self._block(bytes((0xA2 | self._number,)))
            answer += block[1:]
            if len(answer) > LONGEST_ANSWER:
                raise CardError("the card's answer has no end")
        return answer

    def _block(self, sent: bytes) -> bytes:
        """The card's next block of an answer: asked for again when it is lost, and given more time at times."""
        answer = self._insisted(sent)
        extensions = 0
        while answer[0] & 0xFE == 0xF2:
            extensions += 1
            if extensions > EXTENSIONS or len(answer) < 2:
                raise CardError("the card asks for more and more time")
            answer = self._sent(answer[:2])
        if answer[0] & 0xEE != 0x02 or answer[0] & 1 != self._number:
            raise CardError("the card does not keep to the protocol")
        self._number ^= 1
        return answer

    def _insisted(self, sent: bytes) -> bytes:
        """The answer to a block; one that is lost is asked for again, and sent again if it was never heard."""
        ask = sent
        for turn in range(REPEATS + 1):
            try:
                answer = self._sent(ask)
            except CardLeftError:
                if turn == REPEATS:
                    raise
                ask = bytes((0xB2 | self._number,))
                continue
            if answer[0] & 0xFE != 0xA2:
                return answer
            ask = sent
        raise CardError("the card does not keep to the protocol")

    def _sent(self, block: bytes) -> bytes:
        left = self._end - self._clock()
        if left <= 0:
            raise CardError("the card takes too long")
        answer = self._exchange(block, min(self._wait_s, max(left, 0.001)))
        if not answer:
            raise CardLeftError("the card answered nothing")
        return answer


def limits(answer: bytes) -> tuple[int, float]:
    """The size of a block that the card takes, and how long it may think, by its answer to select. CardError."""
    if answer[0] != len(answer):
        raise CardError("the card's answer to select is cut short")
    if len(answer) == 1:
        return FRAME_SIZES[USUAL_SIZE], LEAST_WAIT_S
    size, wait, at = answer[1] & 0x0F, USUAL_WAIT, 2
    for bit in (0x10, 0x20, 0x40):
        if not answer[1] & bit:
            continue
        if at >= len(answer):
            raise CardError("the card's answer to select is cut short")
        if bit == 0x20:
            wait = answer[at] >> 4
        at += 1
    seconds = FIRST_WAIT_S * 2 ** (wait if wait < 15 else USUAL_WAIT)
    return FRAME_SIZES[min(size, 8)], min(max(2 * seconds, LEAST_WAIT_S), LONGEST_WAIT_S)
