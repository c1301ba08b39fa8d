"""What the kiosk needs of the world: a directory, a badge reader, a clock, and a link to each unit.

Every call back may come from any thread; the kiosk puts it on its inbox.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from access.machines import Machine
from access.people import Badge, Member
from access.policy import Policy
from access.times import Opening
from controller.link import Ask, UnitAnswer, UnitState
from kiosk.office import OfficeAnswer, OfficeAsk, Writing


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the screen greets them: never by a full name. `language`: the screen's for them, or none;
    `short`: what tells them apart for the team, the first name and an initial."""

    member: Member
    first_name: str = ""
    language: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """A machine as the screen shows it: the rules' view of it, and the name on its plate."""

    machine: Machine
    name: str


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who agreed to be shown as a help, from `start` to `end`; `skill` in the workshop's own words."""

    name: str
    skill: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Survey:
    """One question that the association asks after a run, in its own words."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """The kiosk's own copy of the workshop. Immutable; replaced whole.

    `trainings`: what each qualification is called here. `colour`: the association's own, six hex digits, or none.
    """

    name: str
    posts: tuple[Post, ...] = ()
    people: tuple[Person, ...] = ()
    policy: Policy = Policy()
    opening: Opening = Opening()
    trainings: Mapping[str, str] = field(default_factory=dict)
    helpers: tuple[Helper, ...] = ()
    survey: Survey | None = None
    colour: str = ""
    _owners: Mapping[str, tuple[Person, Badge]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owners = {badge.tag: (person, badge) for person in self.people for badge in person.member.badges}
        object.__setattr__(self, "_owners", owners)

    def owner(self, tag: str) -> tuple[Person, Badge] | None:
        """Whose badge this is, and the badge itself; None when nobody's."""
        return self._owners.get(tag)

    def post(self, machine: str) -> Post:
        """The machine with this id."""
        return next(post for post in self.posts if post.machine.id == machine)


class Directory(Protocol):
    """Keeps the kiosk's copy of the workshop up to date."""

    def site(self) -> Site:
        """The latest copy. Never blocks; the same object while nothing changed."""


class Office(Protocol):
    """The twin, as far as this screen asks it for somebody of the team. Nothing here blocks."""

    def ask(self, badge: str, ask: OfficeAsk, answered: Callable[[OfficeAnswer], None]) -> None:
        """Ask for whoever showed the badge with this tag; `answered` gets what came of it, in any case."""

    def close(self) -> None:
        """End; safe to call twice."""


class Writer(Protocol):
    """Writes members' cards, where this kiosk is a desk. Nothing here blocks."""

    def start(self, told: Callable[[Writing], None]) -> None:
        """Write the card that is laid on the reader; `told` gets how far it is, and in the end the card or why
        there is none. Nothing is read meanwhile."""

    def stop(self) -> None:
        """Let it be, and read badges again; safe to call at any time."""


class Reader(Protocol):
    """The kiosk's own badge reader."""

    def start(self, on_badge: Callable[[str], None], on_lost: Callable[[bool], None]) -> None:
        """Begin. `on_badge` gets the keyed tag of each badge shown; `on_lost` whether the reader is gone."""

    def close(self) -> None:
        """End; safe to call twice."""


class Buttons(Protocol):
    """Two buttons that can be found without seeing: the next thing, and this one."""

    def start(self, on_next: Callable[[], None], on_this: Callable[[], None]) -> None:
        """Begin."""

    def close(self) -> None:
        """End; safe to call twice."""


class Voice(Protocol):
    """What the kiosk can be heard with. Nothing here blocks."""

    def say(self, text: str, language: str) -> None:
        """Speak, instead of whatever is being said."""

    def tone(self, good: bool) -> None:
        """Two tones: rising for yes, falling for no."""

    def close(self) -> None:
        """Be silent; safe to call twice."""


class Clock(Protocol):
    """The kiosk's clock."""

    def now(self) -> datetime:
        """The instant, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever rise."""


class Link(Protocol):
    """A unit, as far as the screen can tell. Nothing here blocks."""

    def watch(self, heard: Callable[[UnitState | None], None]) -> None:
        """Begin to listen. `heard` gets each new state, and None whenever the unit said there is no other.

        A unit that does not answer is not told of: its silence is.
        """

    def ask(self, ask: Ask, answered: Callable[[UnitAnswer | None], None]) -> None:
        """Ask for something; `answered` gets the answer, or None when the unit gave none."""

    def close(self) -> None:
        """End; safe to call twice."""
