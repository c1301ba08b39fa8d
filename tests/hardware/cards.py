"""Cards of a workshop that does not exist, and cards that misbehave."""

from hardware.badge_reader.keys import Master
from hardware.badge_reader.simulated.cards import Desfire, Ntag424

UID = "04A1B2C3D4E5F6"
MASTER = Master(bytes(range(16)), bytes.fromhex("4E585020416275"))


def keys_of(uid: str = UID) -> tuple[bytes, ...]:
    """The five keys of one of the workshop's cards."""
    return tuple(MASTER.key(uid, number) for number in range(5))


def ours(kind: type[Desfire] = Ntag424, uid: str = UID) -> Desfire:
    """One of the workshop's cards."""
    return kind(bytes.fromhex(uid), keys_of(uid))


def clone(kind: type[Desfire] = Ntag424, uid: str = UID) -> Desfire:
    """A card with the right number and the keys of the factory."""
    return kind(bytes.fromhex(uid))


class Greedy(Ntag424):
    """Asks for more time, for ever."""

    def answer(self, frame: bytes) -> bytes | None:
        """See `SoftwareCard`."""
        return b"\xf2\x01" if frame[0] in (0x02, 0x03, 0xF2) else super().answer(frame)


class CutShort(Ntag424):
    """Its answer to select lacks what it announces."""

    answer_to_select = b"\x06\x77"


class Endless(Ntag424):
    """Answers four thousand bytes to everything."""

    def apdu(self, command: bytes) -> bytes:
        """The answer to a command."""
        return bytes(4000)


class Fleeting(Ntag424):
    """Is taken away after so many frames, and stays away until `left` is set again."""

    left = 3

    def answer(self, frame: bytes) -> bytes | None:
        """See `SoftwareCard`."""
        self.left -= 1
        return super().answer(frame) if self.left >= 0 else None


class Trembling(Ntag424):
    """Is not heard once, and then is."""

    missed = False

    def answer(self, frame: bytes) -> bytes | None:
        """See `SoftwareCard`."""
        if not self.missed and frame[0] & 0xF6 == 0xB2:
            self.missed = True
        lost = not self.missed and frame[0] == 0x03
        return None if lost else super().answer(frame)


class Altering(Ntag424):
    """Stands for somebody in the middle, who alters the card's last word."""

    def apdu(self, command: bytes) -> bytes:
        """The answer to a command."""
        answer = super().apdu(command)
        return answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:] if command[1] == 0xAF else answer
