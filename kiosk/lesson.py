"""A class: one person has several machines until a fixed end. Pure.

Each machine is asked for by the ordinary rules, as its own walk-up by the trainer, and then as an extension where
the class lasts longer than a walk-up may. So nobody else's hours are taken, no qualification is passed over, a
dangerous machine waits for its own tap, and a machine that somebody books first is simply not part of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access.book import Accepted, Circumstances, Refused, extend, walk_up
from access.people import Member
from access.policy import Policy
from access.vocabulary import Refusal
from controller.link import Ask, Cancel, Extend, UnitAnswer, WalkUp

LESSON = "class-"
"""How the ids of a class's bookings begin, so that it can be ended, and told apart from other bookings."""
STEP_MINUTES = 30
"""A class ends at a full hour, or at half past."""
SHORTEST_MINUTES = 15
SLACK = timedelta(seconds=2)
"""So much more is asked for, lest a unit's clock that is a little behind end the class a minute early."""
NEAR = timedelta(minutes=1)
"""An end this near to the one that was wanted is the one that was wanted."""


@dataclass(frozen=True, slots=True)
class Part:
    """One machine of the class. `request`: the id of its booking; `answer`: the unit's last word on it (None while
    there is none, or where it gave none); `longer`: it was asked for more; `settled`: nothing is asked any more."""

    machine: str
    request: str
    answer: UnitAnswer | None = None
    longer: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """The class of a member, until an instant. `ending`: its machines are given back."""

    member: str
    end: datetime
    parts: tuple[Part, ...]
    ending: bool = False

    def part(self, machine: str) -> Part:
        """What became of a machine."""
        return next(part for part in self.parts if part.machine == machine)

    def with_part(self, part: Part) -> "Lesson":
        """The same, with one machine as it stands now."""
        return replace(self, parts=tuple(part if p.machine == part.machine else p for p in self.parts))

    def reaches(self, end: datetime) -> bool:
        """True when an end is as good as the one that was wanted."""
        return self.end - end < NEAR


def begun(machines: Iterable[str], member: str, end: datetime, draw: Callable[[], str]) -> Lesson:
    """A class that nobody has been asked for yet."""
    return Lesson(member, end, tuple(Part(machine, f"{LESSON}{draw()}") for machine in sorted(machines)))


def ended(bookings: Iterable[tuple[str, str]], member: str, now: datetime) -> Lesson:
    """A class that is over: each machine's booking is to be given back."""
    return Lesson(member, now, tuple(Part(machine, booking) for machine, booking in bookings), ending=True)


def first_ask(lesson: Lesson, part: Part, policy: Policy, now: datetime) -> Ask:
    """What a machine's unit is asked first."""
    if lesson.ending:
        return Cancel(part.request)
    return WalkUp(part.request, lesson.member, first_minutes(lesson.end - now + SLACK, policy), power=True)


def first_minutes(length: timedelta, policy: Policy) -> float:
    """How much of a class the walk-up is: what lies beyond it is left long enough to be an extension."""
    minutes = length / timedelta(minutes=1)
    rest = minutes - policy.walk_up_max_minutes
    if rest <= 0:
        return minutes
    return policy.walk_up_max_minutes - max(0.0, policy.walk_up_min_minutes - rest)


def answered(lesson: Lesson, machine: str, answer: UnitAnswer | None) -> tuple[Lesson, Ask | None]:
    """What a unit said, and what it is to be asked next. Where it gives no more, what it gave first stands."""
    part = lesson.part(machine)
    kept = answer if isinstance(answer, Accepted) or not part.longer else part.answer
    part = replace(part, answer=kept)
    if isinstance(kept, Accepted) and not (lesson.ending or part.longer or lesson.reaches(kept.booking.end)):
        wanted = lesson.end + SLACK - kept.booking.end
        more = Extend(kept.booking.id, wanted / timedelta(minutes=1), kept.booking.end)
        return lesson.with_part(replace(part, longer=True)), more
    return lesson.with_part(replace(part, settled=True)), None


def foreseen(member: Member, end: datetime, at: Circumstances) -> datetime | Refusal:
    """Until when a machine could be had for the class, by the unit's own rules; or the first reason why not."""
    first = walk_up("", member, first_minutes(end - at.now + SLACK, at.policy), at)
    if isinstance(first, Refused):
        return first.reasons[0]
    booking = first.booking
    if end - booking.end < NEAR:
        return booking.end
    held = replace(at, bookings=(*at.bookings, booking))
    more = extend(booking, member, (end + SLACK - booking.end) / timedelta(minutes=1), held)
    return more.booking.end if isinstance(more, Accepted) else booking.end


def ends(now: datetime, longest: timedelta, closing: datetime | None) -> list[datetime]:
    """The ends that are worth a key: full and half hours up to the longest booking and to closing."""
    step = timedelta(minutes=STEP_MINUTES)
    first = now.replace(minute=0, second=0, microsecond=0)
    found = [first + n * step for n in range(1, 2 + longest // step)]
    limit = min([now + longest, *([closing] if closing is not None else [])])
    return [end for end in found if end - now >= timedelta(minutes=SHORTEST_MINUTES) and end <= limit]
