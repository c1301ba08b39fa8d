"""A session with a board as a pure state machine: what is known of it, and which request an order becomes.

Each hold that is handed in becomes at most one hold on the line, with what is left of its half second; none is ever
repeated. After a request that may or may not have come through, the board is asked before it is held again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from firmware_bridge.registers import HOLD_MS, IDENTITY, VERSION, Reason, Refusal, State


class NotOurs(OSError):
    """Something answers, but it is no board that this bridge can talk to."""


class Refused(OSError):
    """The board understood and said no."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(f"the board refuses: {code.name.lower().replace('_', ' ')}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Reading:
    """What a board says. None: this one cannot tell. `all` has every register by its name."""

    state: State
    reason: Reason
    sequence: int
    contact: bool | None = None
    estop: bool | None = None
    amps: float | None = None
    all: Mapping[str, int] = field(default_factory=dict)


class Link(Protocol):
    """A board at the end of a line. Any of these may raise OSError: the line failed, or `Refused`."""

    def read(self) -> Reading:
        """Ask how things stand."""

    def arm(self, sequence: int) -> None:
        """Open the relay and begin a session; the next hold is the one after `sequence`."""

    def hold(self, hold_ms: int, sequence: int) -> None:
        """Hold the relay closed from now on."""

    def let_go(self) -> None:
        """Open the relay."""

    def clear(self) -> None:
        """Forget a weld."""

    def close(self) -> None:
        """Give the line back; safe to call twice."""


@dataclass(frozen=True, slots=True)
class Order:
    """A hold that was handed in: `first` closes the relay, the others only keep it closed. Its half second runs
    from `at_ms`, not from when the line has room for it."""

    first: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Begin a session."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the relay."""

    hold_ms: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Read:
    """Ask first."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of the board. `sequence` None: it must be asked. `held`: a first hold was taken, and nothing
    has opened the relay since. `armed`: the next hold would close it."""

    sequence: int | None = None
    armed: bool = False
    held: bool = False

    def request(self, order: Order, now: int, fresh: int) -> Read | Arm | Hold | None:
        """The next request that an order needs; None when it comes too late, or would close what it may not.

        `fresh` numbers a new session.
        """
        left = min(HOLD_MS, order.at_ms + HOLD_MS - now)
        if left <= 0 or not (order.first or self.held):
            return None
        if self.sequence is None:
            return Read()
        if not (self.armed or self.held):
            return Arm(fresh)
        return Hold(left, (self.sequence + 1) % 65_536)

    def read(self, reading: Reading) -> "Session":
        """The board said how it stands."""
        held = self.held and reading.state is State.CLOSED
        return Session(reading.sequence, reading.state is State.OPEN, held)

    def was_armed(self, sequence: int) -> "Session":
        """The board began a session."""
        return Session(sequence, armed=True)

    def was_held(self, sequence: int) -> "Session":
        """The board took a hold."""
        return Session(sequence, held=True)

    def was_perhaps_held(self) -> "Session":
        """A hold is on its way, and may or may not arrive."""
        return Session(None, held=True)

    def was_let_go(self) -> "Session":
        """The relay is open, or soon will be: whatever becomes of the order, no renewal closes it again."""
        return replace(self, armed=False, held=False)

    def doubted(self) -> "Session":
        """A request is on its way, and may or may not arrive."""
        return replace(self, sequence=None)


def checked(quantities: Mapping[str, int]) -> Mapping[str, int]:
    """The input registers of a board of ours; NotOurs for any other."""
    if quantities["identity"] != IDENTITY:
        raise NotOurs(f"this is no Lisière board: register 0 says {quantities['identity']:#06x}")
    if quantities["version"] >> 8 != VERSION >> 8:
        raise NotOurs(f"the board speaks version {quantities['version'] >> 8}, this bridge {VERSION >> 8}")
    return quantities
