"""Where a person stands between badge, machine and hour, which may come in any order. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

from access.book import Refused
from controller.link import UnitAnswer
from kiosk.ports import Person


class Stage(Enum):
    """How far the asking has come."""

    CHOOSING = auto()
    ASKING = auto()
    ANSWERED = auto()


@dataclass(frozen=True, slots=True)
class Session:
    """One person's way to a machine.

    `request` is the id of the booking to be made. It is drawn with the machine and stays the same however
    often the unit is asked, so that the unit makes one booking of it. `answer` counts once `ANSWERED`; None
    then means that the unit gave none.
    """

    person: Person | None = None
    machine: str | None = None
    minutes: float | None = None
    request: str = ""
    stage: Stage = Stage.CHOOSING
    answer: UnitAnswer | None = None
    answered_at: float = 0.0
    notice: tuple[str, str] | None = None

    @property
    def complete(self) -> bool:
        """True when all three are there and nothing has been asked yet."""
        chosen = self.person is not None and self.machine is not None and self.minutes is not None
        return chosen and self.stage is Stage.CHOOSING


EMPTY = Session()


def badge_shown(session: Session, person: Person) -> Session:
    """A person who badges joins what nobody has claimed yet; otherwise they begin afresh."""
    if session.stage is Stage.ASKING or session.person == person and session.stage is Stage.CHOOSING:
        return session
    if session.person is None and session.stage is Stage.CHOOSING:
        return replace(session, person=person, notice=None)
    return Session(person)


def machine_touched(session: Session, machine: str, draw: Callable[[], str]) -> Session:
    """A machine is wanted; `draw` gives a new booking's id."""
    if session.stage is not Stage.CHOOSING:
        return session
    return Session(session.person, machine, request=draw())


def minutes_touched(session: Session, minutes: float) -> Session:
    """An hour is wanted. Once the unit is being asked, another touch is one too many."""
    if session.machine is None or session.stage is not Stage.CHOOSING:
        return session
    return replace(session, minutes=minutes)


def asked(session: Session) -> Session:
    """The unit is being asked."""
    return replace(session, stage=Stage.ASKING)


def answered(session: Session, request: str, answer: UnitAnswer | None, monotonic: float) -> Session:
    """The unit answered, or did not; an answer to a former session changes nothing."""
    if session.stage is not Stage.ASKING or session.request != request:
        return session
    return replace(session, stage=Stage.ANSWERED, answer=answer, answered_at=monotonic)


def again(session: Session) -> Session:
    """Ask once more for the very same: only where nobody knows whether it was done."""
    if session.stage is not Stage.ANSWERED or session.answer is not None:
        return session
    return replace(session, stage=Stage.CHOOSING)


def back(session: Session, draw: Callable[[], str]) -> Session:
    """One step back: from a refusal to the hours, from the hours to the machines, from there to the board."""
    if session.stage is Stage.ASKING:
        return session
    if session.stage is Stage.ANSWERED and isinstance(session.answer, Refused):
        return Session(session.person, session.machine, request=draw())
    if session.stage is Stage.CHOOSING and session.machine is not None and session.person is not None:
        return Session(session.person)
    return EMPTY
