"""The Protocols that a unit needs of its hardware. Every real adapter has a `Simulated…` sibling beside it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from access.times import RawClock


class Clock(Protocol):
    """The machine's clock. `has_rtc`: the wall clock goes on through a power cut."""

    has_rtc: bool

    def read(self) -> RawClock:
        """The clock as it stands now."""


class Output(Protocol):
    """The relay's owner. It counts the hold down by itself: silence opens it (see `access.hold`).

    None of these may block; a failure is told through the edges (`BoardChanged`), never raised.
    """

    def switch_on(self) -> None:
        """Close the relay, for one hold."""

    def renew(self) -> None:
        """Start the countdown afresh. Opens nothing and closes nothing by itself."""

    def switch_off(self) -> None:
        """Open the relay. Always possible."""


class Pattern(StrEnum):
    """What the indicator can show, one light and sound each (docs/indicator.md)."""

    READY = "ready"
    BUSY = "busy"
    RUNNING = "running"
    ENDING = "ending"
    IDLE = "idle"
    GRANTED = "granted"
    REFUSED = "refused"
    FAULT = "fault"
    LOCKED = "locked"
    ESTOP = "estop"
    OFFLINE = "offline"


class Indicator(Protocol):
    """A light and a buzzer on the machine."""

    def show(self, pattern: Pattern) -> None:
        """Show a pattern until another is shown; GRANTED and REFUSED give way to the last lasting one."""


class Edge(Protocol):
    """Anything with a thread or a child process of its own that posts events on the unit's inbox."""

    def start(self, post: Callable[[object], None]) -> None:
        """Begin; `post` may be called from any thread."""

    def close(self) -> None:
        """End; safe to call twice."""
