"""What people do: they book, come or do not, tap, sew, stay too long, extend, cancel, and meet each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from access.machines import Machine
from access.people import Role, Strength
from lisiere.rehearse.script import Act, Person
from lisiere.simulate.plan import DAYS, Plan

BUSY_HOURS = (9, 11, 14, 15, 16, 17, 20)
"""When people like to come (UTC), so that they meet."""
LEADS = ((2, 25), (60, 1_200), (1_500, 28_000))
"""How long before its start a booking is made, in minutes: at the last moment, the same day, days ahead."""
OFFICE = 0.06
"""Locks, and likewise revoked badges, on a device-day."""
WEAK = 0.06
"""How many taps are not worth what the badge should be."""
UNKNOWN = "04FFFFFFFFFFFF"


def acts_of_people(plan: Plan) -> list[Act]:
    """Everything that people do in this seed, in no order."""
    found: list[Act] = []
    for machine in plan.machines:
        rng = Random(f"people {plan.seed} {machine.id}")
        found += _Machine(plan, machine, rng).acts()
    return found


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody's hours: `id` names the booking, if one is made."""

    id: str
    person: Person
    start: datetime
    minutes: int

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    @property
    def badge(self) -> str:
        return self.person.badges[-1]


class _Machine:
    """The people at one machine."""

    def __init__(self, plan: Plan, machine: Machine, rng: Random) -> None:
        self._plan = plan
        self._machine = machine
        self._rng = rng
        self._members = [person for person in plan.people if person.role in (Role.MEMBER, Role.TRAINER)]
        self._staff = [person for person in plan.people if person.role in (Role.TECHNICIAN, Role.STAFF)]
        self._visits = 0

    def acts(self) -> Iterator[Act]:
        """All days."""
        for day in range(DAYS):
            morning = self._plan.start.replace(hour=0) + timedelta(days=day)
            for _ in range(self._how_many(self._plan.visits)):
                kind = self._rng.choices(_KINDS, _WEIGHTS)[0]
                yield from kind(self, self._visit(morning))
            for _ in range(self._how_many(OFFICE)):
                yield from self._locked(morning)
            for _ in range(self._how_many(OFFICE)):
                yield from self._revoked(morning)

    def _how_many(self, rate: float) -> int:
        whole = int(rate)
        return whole + (self._rng.random() < rate - whole)

    def _visit(self, morning: datetime) -> _Visit:
        """Mostly by somebody who may, and while it is open."""
        self._visits += 1
        for later in (0, 0, 0, 1, 1, 2):
            visit = self._drawn(morning + timedelta(days=later))
            able = self._machine.requires <= visit.person.qualifications
            if able and self._plan.opening.covers(visit.start, visit.end):
                break
        return visit

    def _drawn(self, morning: datetime) -> _Visit:
        start = morning + timedelta(hours=self._rng.choice(BUSY_HOURS), minutes=self._rng.randrange(0, 60, 15))
        start = max(start, self._plan.start + timedelta(minutes=15))
        who = self._rng.choice(self._members)
        return _Visit(f"{self._machine.id}-{self._visits}", who, start, self._rng.choice((15, 30, 45, 60, 90)))

    # --- kinds of visit ------------------------------------------------------------------------------

    def _booked(self, visit: _Visit) -> Iterator[Act]:
        """A booking from the web, and its member comes."""
        yield self._books(visit)
        yield from self._change_of_mind(visit)
        yield from self._comes(visit, visit.start + self._seconds(-400, 700))

    def _contested(self, visit: _Visit) -> Iterator[Act]:
        """Two want the same hours, from the web and at the kiosk, or one behind the other."""
        yield from self._booked(visit)
        other = self._rng.choice(self._members)
        later = visit.start + timedelta(minutes=self._rng.choice((0, 5, visit.minutes)))
        second = _Visit(f"{visit.id}-other", other, later, visit.minutes)
        if self._rng.random() < 0.5:
            yield self._books(second)
            yield self._taps(second.badge, second.start + self._seconds(-60, 90))
        else:
            yield from self._walks_up(second)

    def _no_show(self, visit: _Visit) -> Iterator[Act]:
        """A booking, and its member comes too late or never; somebody else hopes for the hours."""
        yield self._books(visit)
        if self._rng.random() < 0.5:
            yield self._taps(visit.badge, visit.start + self._seconds(540, 1_500))
        if self._rng.random() < 0.5:
            yield from self._walks_up(_Visit(f"{visit.id}-hope", self._rng.choice(self._members), visit.end, 20))

    def _walks_up(self, visit: _Visit) -> Iterator[Act]:
        """Somebody at the kiosk, who starts there or at the machine."""
        power = self._rng.random() < 0.6
        words = {"id": visit.id, "member": visit.person.id, "minutes": visit.minutes, "power": power}
        at = visit.start + self._seconds(0, 840)
        yield self._act(at, "walk_up", **words)
        if self._rng.random() < 0.3:
            hasty = {"id": f"{visit.id}-hasty", "member": self._rng.choice(self._members).id, "minutes": 30}
            yield self._act(at + self._seconds(1, 20), "walk_up", **hasty, power=False)
        yield from self._kiosk_changes(visit, at)
        yield from self._sews(visit, at, taps_first=not power or self._machine.hazardous)

    def _rush(self, visit: _Visit) -> Iterator[Act]:
        """Somebody at the kiosk, and within seconds somebody on the web wants other hours of the same machine: the
        twin's word is under way while the unit sells."""
        at = visit.start + self._seconds(0, 840)
        hours = {"start": visit.start + timedelta(days=1), "end": visit.end + timedelta(days=1)}
        who = self._rng.choice(self._members).id
        for near in range(self._rng.randint(1, 2)):
            words = {"id": f"{visit.id}-near-{near}", "member": who, "minutes": 20}
            yield self._act(at + self._seconds(-2, 8), "walk_up", **words, power=self._rng.random() < 0.5)
        yield self._act(at, "book", id=visit.id, member=visit.person.id, **hours)
        if self._rng.random() < 0.5:
            yield self._act(at + self._seconds(0, 12), "cancel", booking=visit.id)
        if self._rng.random() < 0.5:
            yield self._act(at + self._seconds(0, 20), "extend_at_kiosk", booking=f"{visit.id}-near-0", minutes=15)

    def _taps_only(self, visit: _Visit) -> Iterator[Act]:
        """A member without a booking."""
        yield from self._comes(visit, visit.start)

    def _staff_comes(self, visit: _Visit) -> Iterator[Act]:
        """Somebody who needs no booking, half of the time shortly before somebody else's hours, and sewing on."""
        who = self._rng.choice(self._staff)
        if self._rng.random() < 0.5:
            yield from self._comes(_Visit(visit.id, who, visit.start, visit.minutes), visit.start)
            return
        yield from self._booked(visit)
        at = visit.start - self._seconds(20, 900)
        yield self._taps(who.badges[0], at)
        yield self._act(at + self._seconds(2, 15), "current", amps=1.5)

    def _stranger(self, visit: _Visit) -> Iterator[Act]:
        """A badge that nobody knows."""
        yield self._taps(UNKNOWN, visit.start)

    # --- what a visit is made of ---------------------------------------------------------------------

    def _books(self, visit: _Visit) -> Act:
        low, high = self._rng.choice(LEADS)
        asked = visit.start - timedelta(minutes=self._rng.randint(low, high))
        asked = max(asked, self._plan.start + self._seconds(5, 600))
        words = {"id": visit.id, "member": visit.person.id, "start": visit.start, "end": visit.end}
        return self._act(asked, "book", **words)

    def _change_of_mind(self, visit: _Visit) -> Iterator[Act]:
        """Sometimes a booking is extended or given back, before or while it is used."""
        at = visit.start + self._seconds(-3_600, visit.minutes * 60)
        chance = self._rng.random()
        if chance < 0.12:
            yield self._act(at, "extend", booking=visit.id, minutes=self._rng.choice((5, 15, 30)))
        elif chance < 0.2:
            yield self._act(at, "cancel", booking=visit.id)
        elif chance < 0.28:
            yield from self._kiosk_changes(visit, at)

    def _kiosk_changes(self, visit: _Visit, at: datetime) -> Iterator[Act]:
        chance, later = self._rng.random(), at + self._seconds(1, self._rng.choice((20, 1_200)))
        if chance < 0.15:
            yield self._act(later, "extend_at_kiosk", booking=visit.id, minutes=self._rng.choice((10, 30)))
        elif chance < 0.25:
            yield self._act(later, "cancel_at_kiosk", booking=visit.id)

    def _comes(self, visit: _Visit, at: datetime) -> Iterator[Act]:
        at = max(at, self._plan.start + timedelta(minutes=1))
        yield from self._sews(visit, at, taps_first=True)
        if self._rng.random() < 0.15:
            other = self._rng.choice(self._plan.people)
            yield self._taps(other.badges[0], at + self._seconds(5, visit.minutes * 60))

    def _sews(self, visit: _Visit, at: datetime, taps_first: bool) -> Iterator[Act]:
        """Tap, motor on and off a while, and a tap at the end, or none."""
        if taps_first:
            yield self._taps(visit.badge, at)
        until = visit.end if self._rng.random() < 0.6 else visit.end + self._seconds(1, 600)
        starts = at + self._seconds(2, 90)
        stops = max(until - self._seconds(0, 600), starts + timedelta(seconds=5))
        yield self._act(starts, "current", amps=1.5)
        yield self._act(stops, "current", amps=0.0)
        leaves = self._rng.random()
        if leaves < 0.5:
            yield self._taps(visit.badge, stops + self._seconds(1, 30))
        elif leaves < 0.6:
            yield self._act(stops + self._seconds(1, 30), "stop_at_kiosk", member=visit.person.id)

    def _taps(self, badge: str, at: datetime) -> Act:
        """Now and then with a copy of the badge, or with an old card that only says a number."""
        weak = self._rng.choice((Strength.UID, Strength.FAILED))
        strength = weak if self._rng.random() < WEAK else Strength.NTAG424
        return self._act(at, "tap", badge=badge, strength=strength)

    # --- the office ----------------------------------------------------------------------------------

    def _locked(self, morning: datetime) -> Iterator[Act]:
        """Out of service, for a while, mostly with somebody at the machine."""
        visit = self._visit(morning)
        yield from self._booked(visit)
        at = visit.start + self._seconds(0, 1_800)
        yield self._act(at, "lock", by="tina", why="needle")
        yield self._act(at + self._seconds(60, 20_000), "unlock", by="tina", why="")

    def _revoked(self, morning: datetime) -> Iterator[Act]:
        """A lost badge, mostly while somebody uses it; it is found again."""
        visit = self._visit(morning)
        yield from self._booked(visit)
        at = visit.start + self._seconds(0, 1_800)
        yield Act(at, "revoke", {"badge": visit.badge})
        yield Act(at + self._seconds(60, 80_000), "restore", {"badge": visit.badge})

    def _seconds(self, low: int, high: int) -> timedelta:
        return timedelta(seconds=self._rng.randint(low, high))

    def _act(self, at: datetime, do: str, **words: Any) -> Act:
        return Act(at, do, {"machine": self._machine.id, **words})


_KINDS = (
    *(_Machine._booked, _Machine._contested, _Machine._no_show, _Machine._walks_up),
    *(_Machine._rush, _Machine._taps_only, _Machine._staff_comes, _Machine._stranger),
)
_WEIGHTS = (28, 16, 8, 16, 18, 5, 6, 3)
