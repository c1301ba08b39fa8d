"""Where a person stands between badge, machine and hour, which may come in any order. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from access.book import Accepted, Refused
from controller.link import UnitAnswer
from kiosk import team
from kiosk.deeds import (
    Again,
    Back,
    Begin,
    Contrast,
    Deed,
    GiveBack,
    Later,
    Lengthen,
    Open,
    Page,
    Pick,
    Rate,
    Reply,
    Report,
    Speak,
    Stop,
    Take,
    Undo,
    Voice,
    Wish,
)
from kiosk.ports import Person
from kiosk.team import Team, TeamDeed


class Stage(Enum):
    """How far the asking has come. `LEAVING`: something is given back, unless it is undone in time."""

    CHOOSING = auto()
    LEAVING = auto()
    ASKING = auto()
    ANSWERED = auto()


@dataclass(frozen=True, slots=True)
class Ease:
    """How a person wants to be spoken to; empty: the language of their profile, or French."""

    language: str = ""
    contrast: bool = False
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One person's way to a machine.

    `request` is the id of the booking to be made. It is drawn with the machine and stays the same however
    often the unit is asked, so that the unit makes one booking of it. `answer` counts once `ANSWERED`; None
    then means that the unit gave none. `since` is when the stage began, `rated` and `replied` what was said
    after the end of a run. `team`: where they stand on the team's pages, if they are on one.
    """

    person: Person | None = None
    machine: str | None = None
    booking: str = ""
    wish: Wish | None = None
    request: str = ""
    stage: Stage = Stage.CHOOSING
    answer: UnitAnswer | None = None
    since: float = 0.0
    page: Page | None = None
    ease: Ease = Ease()
    notice: tuple[str, str] | None = None
    rated: int = 0
    replied: bool = False
    team: Team | None = None

    @property
    def complete(self) -> bool:
        """True when all that a unit must be told is there, and nothing has been asked yet."""
        known = self.person is not None or isinstance(self.wish, Report)
        return known and self.wish is not None and self.machine is not None and self.stage is Stage.CHOOSING

    @property
    def language(self) -> str:
        """What was chosen, else the person's own, else the workshop's."""
        return self.ease.language or (self.person.language if self.person is not None else "") or "fr"


EMPTY = Session()


def badge_shown(session: Session, person: Person) -> Session:
    """A person who badges joins what nobody has claimed yet; otherwise they begin afresh."""
    if session.stage is Stage.ASKING or session.person == person and session.stage is Stage.CHOOSING:
        return session
    if session.person is None and session.stage is Stage.CHOOSING:
        return replace(session, person=person, notice=None)
    return Session(person)


def do(session: Session, deed: Deed, draw: Callable[[], str], now: datetime, monotonic: float) -> Session:
    """The session after a touch; `draw` gives a new booking's id. While a unit is asked, touches wait, but for
    those that change only how the screen speaks."""
    if session.stage is Stage.ASKING and not _about_ease(session, deed):
        return session
    if isinstance(deed, TeamDeed):
        return replace(session, team=team.do(session.team, deed, session.person, draw, now, monotonic), notice=None)
    match deed:
        case Open(page):
            return replace(session, page=page, notice=None)
        case Back():
            return _back(session, draw)
        case Speak() | Contrast() | Voice():
            return _eased(session, deed)
        case Undo():
            return _undone(session, draw)
        case Again() if session.team is not None:
            return replace(session, team=team.again(session.team))
        case Again():
            unanswered = session.stage is Stage.ANSWERED and session.answer is None
            return replace(session, stage=Stage.CHOOSING) if unanswered else session
        case Rate(face):
            return replace(session, rated=face)
        case Reply():
            return replace(session, replied=True)
    return _wished(session, deed, draw, monotonic) if session.stage is Stage.CHOOSING else session


def _wished(session: Session, deed: Pick | Wish, draw: Callable[[], str], monotonic: float) -> Session:
    match deed:
        case Pick(machine, booking):
            return _at(session, machine, booking, draw())
        case Take() | Later():
            return replace(session, wish=deed) if session.machine is not None else session
        case Report():
            return replace(session, wish=deed, page=None) if session.machine is not None else session
        case Begin(booking) | Lengthen(booking) | GiveBack(booking):
            wished = replace(_at(session, booking.machine, booking.id, draw()), wish=deed)
        case Stop(machine, run):
            wished = replace(_at(session, machine, run.id if run else "", draw()), wish=deed)
    return replace(wished, stage=Stage.LEAVING, since=monotonic) if isinstance(deed, GiveBack) else wished


def _at(session: Session, machine: str | None, booking: str, request: str) -> Session:
    """The same person before a machine, with nothing asked."""
    return Session(session.person, machine, booking, request=request, ease=session.ease)


def _about_ease(session: Session, deed: Deed) -> bool:
    """True for a touch that changes how the screen speaks, and nothing that is under way."""
    match deed:
        case Open(Page.COMFORT) | Speak() | Contrast() | Voice():
            return True
        case Back():
            return session.page is Page.COMFORT
    return False


def _eased(session: Session, deed: Speak | Contrast | Voice) -> Session:
    ease = session.ease
    match deed:
        case Speak(language):
            ease = replace(ease, language=language)
        case Contrast():
            ease = replace(ease, contrast=not ease.contrast)
        case Voice():
            ease = replace(ease, spoken=not ease.spoken)
    return replace(session, ease=ease, page=None)


def _undone(session: Session, draw: Callable[[], str]) -> Session:
    """What was given back is kept; what was taken is given back; what was ended begins again."""
    if session.stage is Stage.LEAVING:
        return _at(session, session.machine, session.booking, draw())
    if session.stage is not Stage.ANSWERED:
        return session
    match session.wish, session.answer:
        case ((Take() | Later()), Accepted(booking)):
            return replace(_at(session, booking.machine, booking.id, draw()), wish=GiveBack(booking))
        case Stop(machine, run), _ if run is not None:
            return replace(_at(session, machine, run.id, draw()), wish=Begin(run))
    return session


def asked(session: Session) -> Session:
    """The unit is being asked."""
    return replace(session, stage=Stage.ASKING)


def answered(session: Session, request: str, answer: UnitAnswer | None, monotonic: float) -> Session:
    """The unit answered, or did not; an answer to a former session changes nothing."""
    if session.stage is not Stage.ASKING or session.request != request:
        return session
    return replace(session, stage=Stage.ANSWERED, answer=answer, since=monotonic)


def _back(session: Session, draw: Callable[[], str]) -> Session:
    """One step back: from a refusal to the hours, from the hours to the machines, from there to the board."""
    if session.page is not None:
        return replace(session, page=None)
    if session.team is not None:
        return replace(session, team=team.back(session.team, draw))
    if session.stage is Stage.ANSWERED and isinstance(session.answer, Refused):
        return _at(session, session.machine, session.booking, draw())
    if session.stage is Stage.CHOOSING and session.machine is not None:
        return Session(session.person, ease=session.ease)
    return EMPTY
