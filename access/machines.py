"""A machine as the rules see it."""

from dataclasses import dataclass
from enum import StrEnum

from access.people import Member, Strength


class Output(StrEnum):
    """Who owns the relay and counts the hold down."""

    GPIO = "gpio"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Machine:
    """What is fixed about a machine, and whether it is locked out of service.

    `idle_below_a` is the motor current in amperes under which it counts as idle. `weakest_badge` is the weakest
    badge that starts it; where nobody has said, a number is enough, but not on a machine that is hazardous.
    """

    id: str
    requires: frozenset[str] = frozenset()
    output: Output = Output.GPIO
    senses_current: bool = True
    idle_below_a: float = 0.2
    feedback: bool = True
    rtc: bool = False
    hazardous: bool = False
    locked: bool = False
    weakest_badge: Strength | None = None

    def takes(self, strength: Strength) -> bool:
        """True when a badge of this strength may start it."""
        return strength.reaches(self.weakest_badge or (Strength.NTAG424 if self.hazardous else Strength.UID))

    def may_be_used_by(self, member: Member) -> bool:
        """True when the member has every qualification the machine requires, or needs none."""
        return not member.needs_booking or self.requires <= member.qualifications
