"""An afternoon at a textile workshop, always the same: for pictures, tests and demonstrations.

The units are simulated with the rules themselves; a tap, a fault or a cut cable is one call.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from access.book import Accepted, Answer, Circumstances, Refused, book, cancel, extend, walk_up
from access.bookings import Booking
from access.machines import Machine
from access.people import Badge, Member, Role
from access.policy import Policy
from access.times import Hours, Opening
from access.vocabulary import Fault, Outcome, Reason, Refusal, Source
from controller.link import (
    Ask,
    Begin,
    Cancel,
    Clear,
    Done,
    Extend,
    Finish,
    LastTap,
    Reserve,
    UnitAnswer,
    UnitState,
    WalkUp,
)
from kiosk.ports import Helper, Person, Post, Site, Survey
from kiosk.story_office import StoryOffice, StoryWriter

ZONE = "Europe/Paris"
START = datetime(2026, 3, 10, 14, 2, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)

_TRAININGS = {"surjeteuse": "surjeteuse", "broderie": "broderie numérique", "presse": "presse à chaud"}

_MACHINES = (
    ("piqueuse-1", "Piqueuse plate 1", ()),
    ("piqueuse-2", "Piqueuse plate 2", ()),
    ("piqueuse-3", "Piqueuse plate 3", ()),
    ("surjeteuse-1", "Surjeteuse 1", ("surjeteuse",)),
    ("surjeteuse-2", "Surjeteuse 2", ("surjeteuse",)),
    ("recouvreuse", "Recouvreuse", ("surjeteuse",)),
    ("brodeuse-1", "Brodeuse 1 tête", ("broderie",)),
    ("brodeuse-4", "Brodeuse 4 têtes", ("broderie",)),
    ("presse-1", "Presse à chaud", ("presse",)),
    ("boutonniere", "Boutonnière", ()),
    ("familiale", "Machine familiale", ()),
    ("coupe", "Ciseaux électriques", ()),
)


def at(hour: int, minute: int = 0) -> datetime:
    """An instant of the story's day."""
    return datetime(2026, 3, 10, hour, minute, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def _member(
    name: str,
    *trained: str,
    until: datetime | None = None,
    revoked: str = "",
    language: str = "",
    role: Role = Role.MEMBER,
    initial: str = "B",
) -> Person:
    badges = [Badge(f"tag-{name.lower()}")] + ([Badge(revoked, revoked=True)] if revoked else [])
    member = Member(name.lower(), tuple(badges), frozenset(trained), role, valid_until=until)
    return Person(member, name, language, f"{name} {initial}.")


SITE = Site(
    name="La Petite Manchester",
    posts=tuple(
        Post(Machine(id, frozenset(needs), hazardous=id == "presse-1"), name) for id, name, needs in _MACHINES
    ),
    people=(
        _member("Zoé", "surjeteuse", "presse", revoked="tag-lost"),
        _member("Ana", "surjeteuse", "broderie"),
        _member("Karim", "broderie"),
        _member("Selin", "surjeteuse", language="tr"),
        _member("Nour", "surjeteuse", language="ar"),
        _member("Léo", until=START - timedelta(days=3)),
        _member("Malik", role=Role.TECHNICIAN, initial="H"),
        _member("Paul", "surjeteuse", "broderie", "presse", role=Role.TRAINER, initial="K"),
        _member("Jeanne", role=Role.STAFF, initial="W"),
    ),
    policy=Policy(),
    opening=Opening(ZONE, (Hours(frozenset(range(6)), time(9), time(18)),)),
    trainings=_TRAININGS,
    helpers=(Helper("Ana", "broderie", at(14), at(18)), Helper("Paul", "machines plates", at(10), at(16))),
    survey=Survey("Vous cousez plutôt…", ("pour vous", "pour offrir", "pour vendre")),
)

_BOOKINGS = (
    Booking("b1", "piqueuse-2", "ana", at(13, 30), at(15, 30), started=True),
    Booking("b2", "surjeteuse-1", "karim", at(15, 15), at(16, 15)),
    Booking("b3", "surjeteuse-2", "ana", at(14), at(15)),
    Booking("b4", "piqueuse-3", "zoé", at(16), at(17)),
    Booking("b5", "boutonniere", "karim", at(14, 8), at(15)),
)


class StoryClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.wall = START
        self.seconds = 1000.0

    def now(self) -> datetime:
        """The instant, in UTC."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds that only ever rise."""
        return self.seconds


class StoryUnit:
    """A unit and the link to it, at once. `deaf`: nothing reaches it; `lossy`: it hears, and is not heard; `stuck`:
    the contact of its relay stays closed."""

    def __init__(self, post: Post, clock: StoryClock, bookings: Iterable[Booking]) -> None:
        self.deaf = False
        self.lossy = False
        self.slow = False
        self.stuck = False
        self.asked: list[Ask] = []
        self._post = post
        self._clock = clock
        self._heard: Callable[[UnitState | None], None] = lambda state: None
        self._waiting: list[Callable[[], None]] = []
        self._answers: dict[str, Answer] = {}
        self.state = UnitState(1, post.machine.id, clock.now(), "idle", bookings=tuple(bookings))

    def watch(self, heard: Callable[[UnitState | None], None]) -> None:
        """Begin to tell."""
        self._heard = heard
        self.change()

    def ask(self, ask: Ask, answered: Callable[[UnitAnswer | None], None]) -> None:
        """Answer by the rules; once for each id. A slow unit answers at `catch_up`."""
        self.asked.append(ask)
        if self.slow:
            self._waiting.append(lambda: answered(self._answer(ask)))
        elif self.deaf:
            answered(None)
        else:
            answer = self._answer(ask)
            answered(None if self.lossy else answer)

    def close(self) -> None:
        """Tell no more."""
        self._heard = lambda state: None

    def change(self, **changes: object) -> None:
        """The unit's state becomes another, and is told."""
        self.state = replace(
            self.state,
            n=self.state.n + 1,
            now=self._clock.now(),
            **changes,  # type: ignore[arg-type]
        )
        if not self.deaf:
            self._heard(self.state)

    def pulse(self) -> None:
        """Say that there is nothing new."""
        if not self.deaf:
            self._heard(None)

    def catch_up(self) -> None:
        """A slow unit answers at last."""
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()

    def refuse_tap(self, reason: Reason) -> None:
        """Somebody taps at the machine and is refused."""
        last = self.state.last
        tap = LastTap(last.n + 1 if last else 1, self._clock.now(), Outcome.REFUSED, reason, None)
        self.change(last=tap)

    def run(self, booking: Booking) -> None:
        """Somebody's run begins."""
        self.change(
            phase="running", member=booking.member, booking=booking.id, since=booking.start, until=booking.end
        )

    def stop(self) -> None:
        """The run under way ends."""
        self.change(phase="idle", member=None, booking=None, since=None, until=None)

    def _answer(self, ask: Ask) -> UnitAnswer:
        match ask:
            case WalkUp() | Reserve():
                if ask.id not in self._answers:
                    self._answers[ask.id] = self._sell(ask)
                return self._answers[ask.id]
            case Begin() | Extend() | Cancel():
                booking = next((b for b in self.state.bookings if b.id == ask.booking), None)
                return self._change(ask, booking) if booking is not None else Refused((Refusal.IN_THE_PAST,))
            case Finish(member) if self.state.member == member:
                self.stop()
            case Clear(member) if not self.stuck and _known(member).role is Role.TECHNICIAN:
                self.change(faults=self.state.faults - {Fault.RELAY_WELDED})
        return Done()

    def _circumstances(self) -> Circumstances:
        bookings = self.state.bookings
        return Circumstances(self._clock.now(), self._post.machine, SITE.policy, SITE.opening, bookings)

    def _sell(self, ask: WalkUp | Reserve) -> Answer:
        member = _known(ask.member)
        at, idle = self._circumstances(), self.state.phase == "idle"
        if isinstance(ask, Reserve):
            answer = book(ask.id, member, ask.start, ask.end, at, Source.KIOSK)
        else:
            answer = walk_up(ask.id, member, ask.minutes, at, power=ask.power)
        if isinstance(answer, Accepted):
            self.change(bookings=(*self.state.bookings, answer.booking))
            if isinstance(ask, WalkUp) and ask.power and idle and not self._post.machine.hazardous:
                self.run(answer.booking)
        return answer

    def _change(self, ask: Begin | Extend | Cancel, booking: Booking) -> Answer:
        others = tuple(b for b in self.state.bookings if b is not booking)
        if isinstance(ask, Begin):
            if self.state.phase == "idle" and not self._post.machine.hazardous:
                self.run(booking)
            return Accepted(booking)
        if isinstance(ask, Cancel):
            answer = cancel(booking, self._circumstances())
            if self.state.booking == booking.id:
                self.stop()
            self.change(bookings=others)
            return answer
        if ask.end is not None and booking.end > ask.end:
            return Accepted(booking)
        answer = extend(booking, _known(booking.member), ask.minutes, self._circumstances())
        if isinstance(answer, Accepted):
            until = answer.booking.end if self.state.booking == booking.id else self.state.until
            self.change(bookings=(*others, answer.booking), until=until)
        return answer


def _known(member: str) -> Member:
    return next(person.member for person in SITE.people if person.member.id == member)


class StoryReader:
    """The kiosk's badge reader; a badge is shown by `show`."""

    def __init__(self) -> None:
        self.show: Callable[[str], None] = lambda tag: None
        self.lose: Callable[[bool], None] = lambda lost: None

    def start(self, on_badge: Callable[[str], None], on_lost: Callable[[bool], None]) -> None:
        """Begin."""
        self.show, self.lose = on_badge, on_lost

    def close(self) -> None:
        """End."""
        self.__init__()  # type: ignore[misc]


class Story:
    """The whole afternoon, at two minutes past two."""

    def __init__(self) -> None:
        self.clock = StoryClock()
        self.reader = StoryReader()
        self.office = StoryOffice(self)
        self.writer = StoryWriter()
        self._site = SITE
        self.units = {
            post.machine.id: StoryUnit(post, self.clock, [b for b in _BOOKINGS if b.machine == post.machine.id])
            for post in SITE.posts
        }
        self._numbers = itertools.count(1)
        self.units["piqueuse-2"].run(_BOOKINGS[0])
        self.units["brodeuse-4"].change(faults=frozenset({Fault.NO_POWER}))
        self.units["coupe"].change(locked=True)

    def site(self) -> Site:
        """The kiosk's copy of the workshop."""
        return self._site

    def crowd(self) -> None:
        """The association has grown: thirty more members."""
        names = "Adèle Bruno Camille Driss Elif Fanny Gaël Hatice Ines Jules".split()
        more = tuple(_member(name, initial=initial) for name in names for initial in "DMS")
        self._site = replace(self._site, people=(*self._site.people, *more))

    def people_speak(self, language: str) -> None:
        """Everybody wants the screen in this language."""
        people = tuple(replace(person, language=language) for person in SITE.people)
        self._site = replace(SITE, people=people)

    def draw(self) -> str:
        """The next booking's id."""
        return f"kiosk-{next(self._numbers)}"

    def pass_time(self, seconds: float) -> None:
        """Time passes; the units say every two seconds that they are there."""
        while seconds > 0:
            step = min(2.0, seconds)
            self.clock.seconds += step
            self.clock.wall += timedelta(seconds=step)
            seconds -= step
            for unit in self.units.values():
                unit.pulse()
