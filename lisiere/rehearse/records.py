"""The records of a rehearsal: what happened, in the words of the acceptance language."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from access.facts import (
    BookingChanged,
    DecisionMade,
    Fact,
    FaultCleared,
    FaultRaised,
    RunClosed,
    SyncChanged,
    Warned,
)
from access.vocabulary import Cause
from twin.desk import Change

Record = dict[str, Any]


class Records:
    """Gathers records in the order of their true time; `at` writes an instant with the site's offset."""

    def __init__(self, timezone: str, now: Callable[[], datetime], badge_of: Callable[[str, str], str]) -> None:
        """`badge_of(machine, tag)` is the number behind a unit's tag."""
        self.all: list[Record] = []
        self._zone = ZoneInfo(timezone)
        self._now = now
        self._badge_of = badge_of

    def at(self, instant: datetime) -> str:
        """An instant in the site's time, with milliseconds and offset."""
        return instant.astimezone(self._zone).isoformat(timespec="milliseconds")

    def fact(self, machine: str, fact: Fact) -> None:
        """A fact that a unit made; those that are no record are passed over."""
        match fact:
            case DecisionMade():
                self._add(
                    "decision",
                    machine=machine,
                    badge=self._badge_of(machine, fact.badge),
                    member=fact.member,
                    outcome=fact.outcome,
                    reason=fact.reason,
                    booking=fact.booking,
                )
            case Warned():
                self._add("warning", machine=machine, kind=fact.kind, seconds_left=fact.seconds_left)
            case RunClosed():
                self._run(machine, fact)
            case FaultRaised():
                self._add("fault", machine=machine, kind=fact.kind)
            case FaultCleared():
                self._add("fault_cleared", machine=machine, kind=fact.kind)
            case SyncChanged():
                self._add("sync", machine=machine, kind=fact.kind, backlog=fact.backlog)
            case BookingChanged():
                self._booking(fact)
            case _:
                pass

    def power(self, machine: str, on: bool, cause: Cause) -> None:
        """An output really went live or dead."""
        self._add("power", machine=machine, on=on, cause=cause)

    def booking(self, change: Change) -> None:
        """The twin, or the kiosk, decided about a booking."""
        self._booking(change)

    def summary(self, machines: Record, twin: Record, units: Record) -> None:
        """The last line."""
        self._add("summary", machines=machines, twin=twin, units=units)

    def broken(self, rule: str, machine: str, text: str) -> None:
        """A promise was not kept, in a rehearsal that tells of a simulation."""
        self._add("broken", rule=rule, machine=machine, text=text)

    def _run(self, machine: str, fact: RunClosed) -> None:
        self._add(
            "run",
            machine=machine,
            id=fact.run,
            member=fact.member,
            booking=fact.booking,
            started=self.at(fact.started),
            ended=self.at(fact.ended),
            powered_seconds=seconds(fact.powered_ms),
            running_seconds=seconds(fact.running_ms),
            end_reason=fact.end_reason,
        )

    def _booking(self, change: Change | BookingChanged) -> None:
        self._add(
            "booking",
            id=change.id,
            outcome=change.outcome,
            reasons=[str(reason) for reason in change.reasons],
            source=change.source,
            machine=change.machine,
            member=change.member,
            start=self.at(change.start),
            end=self.at(change.end),
        )

    def _add(self, event: str, **fields: Any) -> None:
        self.all.append({"at": self.at(self._now()), "event": event, **fields})


def seconds(ms: int) -> int:
    """Milliseconds as whole seconds, rounded."""
    return (ms + 500) // 1000
