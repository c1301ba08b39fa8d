"""Where somebody of the team stands: on which of their pages, and what was asked for. Pure.

Who may do what is `POWERS`, and a page or a deed that a person has no power for is as if it had not been touched.
The twin and the units decide again, by their own rules.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from access.people import Role
from access.vocabulary import LockReason, ServiceKind, UnlockReason
from controller.link import Clear, UnitAnswer
from kiosk.lesson import Lesson, begun, ended
from kiosk.office import (
    CloseReports,
    GiveCard,
    Lend,
    Lock,
    NotDone,
    NoteService,
    Obstacle,
    OfficeAnswer,
    OfficeAsk,
    Progress,
    ReadRecord,
    Record,
    Unlock,
    Writing,
)
from kiosk.ports import Person


class Power(StrEnum):
    """What a part of the team may do here."""

    UPKEEP = "upkeep"
    CLEAR = "clear"
    PLAN = "plan"
    LESSON = "lesson"
    LEND = "lend"
    ENROL = "enrol"


POWERS: dict[Role, frozenset[Power]] = {
    Role.MEMBER: frozenset(),
    Role.TRAINER: frozenset({Power.PLAN, Power.LESSON, Power.LEND}),
    Role.TECHNICIAN: frozenset({Power.UPKEEP, Power.CLEAR, Power.PLAN}),
    Role.STAFF: frozenset({Power.UPKEEP, Power.PLAN, Power.LESSON, Power.LEND, Power.ENROL}),
}


class TeamPage(StrEnum):
    """The team's pages."""

    MENU = "menu"
    RECORD = "record"
    RUNS = "runs"
    FAULTS = "faults"
    LOCK = "lock"
    UNLOCK = "unlock"
    SERVICE = "service"
    PLAN = "plan"
    NAMES = "names"
    LEND = "lend"
    ENROL = "enrol"
    LESSON = "lesson"
    ENDS = "ends"
    OPENED = "opened"
    RESULT = "result"


_NEEDS: dict[TeamPage, Power] = {
    TeamPage.RECORD: Power.UPKEEP,
    TeamPage.RUNS: Power.UPKEEP,
    TeamPage.FAULTS: Power.UPKEEP,
    TeamPage.LOCK: Power.UPKEEP,
    TeamPage.UNLOCK: Power.UPKEEP,
    TeamPage.SERVICE: Power.UPKEEP,
    TeamPage.PLAN: Power.PLAN,
    TeamPage.LESSON: Power.LESSON,
    TeamPage.ENDS: Power.LESSON,
}
"""What a page that can be entered needs; the menu is for whoever has any power."""

_BACK = {
    TeamPage.RUNS: TeamPage.RECORD,
    TeamPage.FAULTS: TeamPage.RECORD,
    TeamPage.LOCK: TeamPage.RECORD,
    TeamPage.UNLOCK: TeamPage.RECORD,
    TeamPage.SERVICE: TeamPage.RECORD,
    TeamPage.PLAN: TeamPage.MENU,
    TeamPage.NAMES: TeamPage.MENU,
    TeamPage.LEND: TeamPage.NAMES,
    TeamPage.ENROL: TeamPage.NAMES,
    TeamPage.LESSON: TeamPage.MENU,
    TeamPage.ENDS: TeamPage.LESSON,
    TeamPage.OPENED: TeamPage.MENU,
}

# What the team's keys ask for


@dataclass(frozen=True, slots=True)
class Enter:
    """A page; with `machine`, that machine's."""

    page: TeamPage
    machine: str = ""


@dataclass(frozen=True, slots=True)
class LockFor:
    """The machine is out of service."""

    why: LockReason


@dataclass(frozen=True, slots=True)
class PutBack:
    """It is back in service."""

    why: UnlockReason


@dataclass(frozen=True, slots=True)
class Served:
    """A service was done."""

    kind: ServiceKind


@dataclass(frozen=True, slots=True)
class SeenTo:
    """What was reported has been dealt with."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The fault that stands is mended."""


@dataclass(frozen=True, slots=True)
class GiveBadge:
    """Somebody is to have a badge: to keep (`keep`), or for the day."""

    keep: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """The names that begin so."""

    letter: str


@dataclass(frozen=True, slots=True)
class Name:
    """Whom the badge is for."""

    member: str


@dataclass(frozen=True, slots=True)
class Toggle:
    """A machine joins the class, or leaves it."""

    machine: str


@dataclass(frozen=True, slots=True)
class OpenUntil:
    """The machines that were picked, for a class, until a fixed end."""

    end: datetime


@dataclass(frozen=True, slots=True)
class EndLesson:
    """The class is over: every machine that it still has (with its booking) is given back."""

    bookings: tuple[tuple[str, str], ...]


TeamDeed = (
    Enter
    | LockFor
    | PutBack
    | Served
    | SeenTo
    | Mended
    | GiveBadge
    | Letter
    | Name
    | Toggle
    | OpenUntil
    | EndLesson
)


@dataclass(frozen=True, slots=True)
class Team:
    """Where they stand. `todo`: what is to be asked now; `asked`: what was asked last, and `answer` what came of
    it (None while nobody knows), `since` when. `record`: the machine's, or why it cannot be had."""

    page: TeamPage = TeamPage.MENU
    machine: str = ""
    keep: bool = False
    letter: str = ""
    member: str = ""
    picked: frozenset[str] = frozenset()
    lesson: Lesson | None = None
    todo: OfficeAsk | Clear | None = None
    asked: OfficeAsk | Clear | None = None
    answer: OfficeAnswer | UnitAnswer | None = None
    record: Record | Obstacle | None = None
    progress: Progress | None = None
    since: float = 0.0

    @property
    def lending(self) -> bool:
        """True while a badge laid on the reader is the one to be lent."""
        return self.page is TeamPage.LEND

    @property
    def writing(self) -> bool:
        """True while a card is to be written."""
        return self.page is TeamPage.ENROL


def powers(person: Person | None) -> frozenset[Power]:
    """What somebody may do here."""
    return POWERS[person.member.role] if person is not None else frozenset()


def do(
    team: Team | None,
    deed: TeamDeed,
    person: Person | None,
    draw: Callable[[], str],
    now: datetime,
    monotonic: float,
) -> Team | None:
    """Where they stand after a touch; as before, where they have no power for it."""
    may = powers(person)
    if isinstance(deed, Enter):
        allowed = bool(may) if deed.page is TeamPage.MENU else _NEEDS.get(deed.page) in may
        return _entered(team or Team(), deed, draw) if allowed else team
    if team is None or person is None or _needed(deed, team) not in may:
        return team
    match deed:
        case Letter(letter):
            return replace(team, letter=letter)
        case Toggle(machine):
            return replace(team, picked=team.picked ^ {machine})
        case GiveBadge(keep):
            return Team(TeamPage.NAMES, keep=keep)
        case Name(member):
            page = TeamPage.ENROL if team.keep else TeamPage.LEND
            return replace(team, page=page, member=member, progress=None)
        case OpenUntil(end):
            lesson = begun(team.picked, person.member.id, end, draw)
            return replace(team, page=TeamPage.OPENED, lesson=lesson, since=monotonic)
        case EndLesson(bookings):
            return Team(TeamPage.OPENED, lesson=ended(bookings, person.member.id, now), since=monotonic)
    return replace(team, page=TeamPage.RESULT, todo=_ask(team, deed, person, draw()), answer=None)


def _entered(team: Team, deed: Enter, draw: Callable[[], str]) -> Team:
    match deed.page:
        case TeamPage.MENU | TeamPage.PLAN | TeamPage.LESSON:
            return Team(deed.page)
        case TeamPage.RECORD:
            return Team(deed.page, deed.machine, todo=ReadRecord(draw(), deed.machine))
        case TeamPage.RUNS | TeamPage.FAULTS | TeamPage.LOCK | TeamPage.UNLOCK | TeamPage.SERVICE | TeamPage.ENDS:
            return replace(team, page=deed.page)
    return team


def _needed(deed: TeamDeed, team: Team) -> Power:
    match deed:
        case LockFor() | PutBack() | Served() | SeenTo():
            return Power.UPKEEP
        case Mended():
            return Power.CLEAR
        case GiveBadge(keep):
            return Power.ENROL if keep else Power.LEND
        case Letter() | Name():
            return Power.ENROL if team.keep else Power.LEND
    return Power.LESSON


def _ask(team: Team, deed: TeamDeed, person: Person, id: str) -> OfficeAsk | Clear | None:
    match deed:
        case LockFor(why):
            return Lock(id, team.machine, why)
        case PutBack(why):
            return Unlock(id, team.machine, why)
        case Served(kind):
            return NoteService(id, team.machine, kind)
        case SeenTo():
            return CloseReports(id, team.machine)
        case Mended():
            return Clear(person.member.id)
    return None


def back(team: Team, draw: Callable[[], str]) -> Team | None:
    """One step back; None out of the team's pages. From a result to where it was asked."""
    if team.page is TeamPage.RESULT:
        record = Team(TeamPage.RECORD, team.machine, todo=ReadRecord(draw(), team.machine))
        return record if team.machine else Team()
    if team.page is TeamPage.NAMES and team.letter:
        return replace(team, letter="")
    page = _BACK.get(team.page)
    return None if page is None else Team(page) if page is TeamPage.MENU else replace(team, page=page)


def laid(team: Team, tag: str, own: bool, id: str, monotonic: float) -> Team:
    """A badge was laid on the reader to be lent; `own`: it is somebody's. Without a tag it could not be read."""
    if own or not tag:
        why = Obstacle.BADGE_TAKEN if own else Obstacle.NO_BADGE
        return replace(team, page=TeamPage.RESULT, answer=NotDone(why), since=monotonic)
    return replace(team, page=TeamPage.RESULT, todo=Lend(id, team.member, tag), answer=None)


def told(team: Team, writing: Writing, id: str, monotonic: float) -> Team:
    """How the writing of a card goes."""
    match writing:
        case Progress():
            return replace(team, progress=writing)
        case Obstacle():
            return replace(team, page=TeamPage.RESULT, answer=NotDone(writing), since=monotonic)
    return replace(team, page=TeamPage.RESULT, todo=GiveCard(id, team.member, writing), answer=None)


def with_lesson(team: Team, lesson: Lesson) -> Team:
    """The class has come further."""
    return replace(team, lesson=lesson)


def again(team: Team) -> Team:
    """What nobody answered is asked once more, under the same id."""
    if team.page is not TeamPage.RESULT or not isinstance(team.answer, NotDone) or team.asked is None:
        return team
    return replace(team, todo=team.asked, answer=None)


def asked(team: Team) -> Team:
    """What was to be asked is being asked."""
    return replace(team, todo=None, asked=team.todo)


def answered(
    team: Team, ask: OfficeAsk | Clear, answer: OfficeAnswer | UnitAnswer | None, monotonic: float
) -> Team:
    """What came of it; an answer to something else changes nothing. None: nobody answered."""
    if team.asked != ask:
        return team
    if isinstance(ask, ReadRecord):
        why = answer.why if isinstance(answer, NotDone) else Obstacle.AWAY
        return replace(team, record=answer if isinstance(answer, Record) else why)
    return replace(team, answer=answer if answer is not None else NotDone(Obstacle.AWAY), since=monotonic)
