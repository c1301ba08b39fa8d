"""What the keeper tells whoever is connected, and what it can be told: one packet each on its socket."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

REPORT_EVERY_MS = 1000
"""The keeper reports at least this often, so that its silence can be noticed."""
LONGEST_PACKET = 256


class Command(StrEnum):
    """All that the keeper knows."""

    ON = "on"
    RENEW = "renew"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Order:
    """A command and the monotonic millisecond at which it was given.

    The hold runs from that moment, not from the arrival: what waited in the socket cannot hold any longer.
    """

    command: Command
    at_ms: int

    def packet(self) -> bytes:
        """The order on the wire."""
        return f"{self.command} {self.at_ms}".encode()


@dataclass(frozen=True, slots=True)
class Report:
    """The keeper's relay, in its own monotonic milliseconds.

    `commanded` is what the hold says, `observed` the level read back from the pin. `since_ms` is the moment
    `commanded` last changed, and `why` what changed it: start, on, off, expired, left (the client went).
    """

    commanded: bool
    observed: bool
    since_ms: int
    at_ms: int
    why: str

    def packet(self) -> bytes:
        """The report on the wire."""
        return json.dumps(asdict(self)).encode()


def order_of(packet: bytes) -> Order:
    """The order in a packet; ValueError for anything else."""
    command, at_ms = packet.decode("ascii").split(" ")
    return Order(Command(command), int(at_ms))


def report_of(packet: bytes) -> Report:
    """The report in a packet; ValueError, KeyError or TypeError for anything else."""
    return Report(**json.loads(packet))
