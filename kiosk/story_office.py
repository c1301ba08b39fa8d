"""The twin of the story, as the team asks it, and the story's card desk: both answer at once, always the same."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from kiosk.office import (
    Card,
    DayHours,
    Lend,
    Lock,
    NotDone,
    Noted,
    Obstacle,
    OfficeAnswer,
    OfficeAsk,
    OpenReport,
    PastFault,
    PastRun,
    Progress,
    ReadRecord,
    Record,
    Unlock,
    Writing,
)

TODAY = date(2026, 3, 10)
HOUR_MS = 3_600_000
_POWERED = (3.5, 0.0, 5.0, 6.2, 4.1, 2.0, 0.0, 0.0, 4.4, 5.8, 7.1, 3.0, 5.2, 1.6)
"""Hours of the last fourteen days; the motor ran for six tenths of them."""


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


def _run(day: int, start: int, length_minutes: int, member: str, reason: str) -> PastRun:
    started = _at(day, start)
    powered = length_minutes * 60_000
    ended = started + timedelta(minutes=length_minutes)
    return PastRun(started, ended, member, powered, powered * 6 // 10, reason)


RECORD = Record(
    powered_ms=round(412.4 * HOUR_MS),
    running_ms=round(251.75 * HOUR_MS),
    counted_ms=round(93.5 * HOUR_MS),
    every_hours=100,
    served_at=_at(2, 17, 30),
    served_by="malik",
    days=tuple(
        DayHours(TODAY - timedelta(days=13 - place), round(hours * HOUR_MS), round(hours * 0.6 * HOUR_MS))
        for place, hours in enumerate(_POWERED)
    ),
    runs=(
        _run(10, 9, 95, "ana", "member"),
        _run(9, 16, 60, "karim", "booking_end"),
        _run(9, 14, 42, "zoé", "idle"),
        _run(9, 10, 120, "selin", "member"),
        _run(8, 15, 20, "léo", "estop"),
        _run(8, 9, 175, "nour", "booking_end"),
        _run(7, 17, 60, "paul", "handover"),
        _run(7, 11, 90, "zoé", "interrupted"),
    ),
    faults=(
        PastFault(_at(8, 15, 20), "estop", _at(8, 15, 31)),
        PastFault(_at(4, 10, 5), "reader_lost", _at(4, 10, 12)),
    ),
    reports=(OpenReport(_at(10, 11, 12), "Aiguille cassée"),),
)


class Locks(Protocol):
    """What the story's twin may do to its machines."""

    @property
    def units(self) -> Mapping[str, "Unit"]:
        """The machines' units."""


class Unit(Protocol):
    """A unit that learns of a lock."""

    def change(self, **changes: object) -> None:
        """See `kiosk.story.StoryUnit`."""


class StoryOffice:
    """The twin. `away`: it does not answer; `asked`: what was asked of it, and by whose badge."""

    def __init__(self, site: Locks) -> None:
        self.away = False
        self.asked: list[tuple[str, OfficeAsk]] = []
        self._site = site

    def ask(self, badge: str, ask: OfficeAsk, answered: Callable[[OfficeAnswer], None]) -> None:
        """Answer at once."""
        self.asked.append((badge, ask))
        answered(NotDone(Obstacle.AWAY) if self.away else self._answer(ask))

    def close(self) -> None:
        """There is nothing to close."""

    def _answer(self, ask: OfficeAsk) -> OfficeAnswer:
        match ask:
            case ReadRecord():
                return RECORD
            case Lock(machine=machine):
                self._site.units[machine].change(locked=True)
            case Unlock(machine=machine):
                self._site.units[machine].change(locked=False)
            case Lend():
                return Noted(_at(10, 18))
        return Noted()


class StoryWriter:
    """The card desk: the test, or the picture, says how far it is."""

    def __init__(self) -> None:
        self.at_work = False
        self.tell: Callable[[Writing], None] = lambda writing: None

    def start(self, told: Callable[[Writing], None]) -> None:
        """Wait for a card."""
        self.at_work = True
        self.tell = told
        told(Progress.WAITING)

    def stop(self) -> None:
        """Wait no more."""
        self.at_work = False
        self.tell = lambda writing: None


CARD = Card("04DE5F1EACC040", "11" * 16, "22" * 16)
"""A card that was written."""
