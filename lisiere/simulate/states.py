"""The states that a simulation must really reach, and how often it did: a green run without them says little."""

from collections import Counter

from access.facts import (
    BookingChanged,
    Booted,
    DecisionMade,
    Fact,
    FaultCleared,
    FaultRaised,
    FaultReported,
    RequestAccepted,
    RunClosed,
    SyncChanged,
    Warned,
)
from access.vocabulary import BookingOutcome, Cause, Fault, Reason, Refusal, Source
from twin.desk import Change

_NEVER_HERE = {
    "refused membership_expired",  # nobody's membership ends within four weeks
    *(f"refused {reason}" for reason in (Reason.BOOKING, Reason.STAFF, Reason.WALK_UP)),
}
_UNASKED = (
    *(Refusal.UNKNOWN_MACHINE, Refusal.UNKNOWN_MEMBER, Refusal.MEMBERSHIP_EXPIRED, Refusal.END_BEFORE_START),
    *(Refusal.TOO_LONG, Refusal.TOO_FAR_AHEAD, Refusal.WEEK_HOURS_USED, Refusal.NOT_FOR_CATEGORY),
)

WANTED = frozenset(
    {
        *(f"refused {reason}" for reason in Reason),
        *(f"granted {reason}" for reason in (Reason.BOOKING, Reason.STAFF, Reason.WALK_UP)),
        *(f"run ended by {cause}" for cause in Cause if cause is not Cause.GRANTED),
        *(f"fault {fault}" for fault in Fault),
        *(f"fault {fault} cleared" for fault in Fault),
        *(f"booking refused as {refusal}" for refusal in Refusal if refusal not in _UNASKED),
        *(
            f"booking {outcome} by {source}"
            for outcome, source in (
                (BookingOutcome.ACCEPTED, Source.WEB),
                (BookingOutcome.ACCEPTED, Source.KIOSK),
                (BookingOutcome.ACCEPTED, Source.TAP),
                (BookingOutcome.EXTENDED, Source.WEB),
                (BookingOutcome.EXTENDED, Source.KIOSK),
                (BookingOutcome.CANCELLED, Source.WEB),
                (BookingOutcome.CANCELLED, Source.KIOSK),
                (BookingOutcome.RELEASED, Source.RULE),
            )
        ),
        *("booted after power", "booted after restart", "warned ending", "warned idle"),
        *("sync lost", "sync restored", "web request accepted", "died before its run went live"),
        *("fork found", "new epoch begun"),
    }
    - _NEVER_HERE
)
"""Every one of these is reached in a run of twenty device-years."""


_REPORTS = {"journal forked:": "fork found", "journal was": "new epoch begun"}
"""What a unit reports of its journal, by its first two words."""


class States:
    """Counts what is reached."""

    def __init__(self) -> None:
        self.reached: Counter[str] = Counter()

    def fact(self, fact: Fact) -> None:
        """A unit tells a fact."""
        match fact:
            case DecisionMade():
                self._reach(f"{fact.outcome} {fact.reason}")
            case RunClosed():
                self._reach(f"run ended by {fact.end_reason}")
                if fact.powered_ms == 0 and fact.end_reason is Cause.INTERRUPTED:
                    self._reach("died before its run went live")
            case FaultRaised():
                self._reach(f"fault {fact.kind}")
            case FaultCleared():
                self._reach(f"fault {fact.kind} cleared")
            case BookingChanged():
                self.booking(fact)
            case Booted():
                self._reach(f"booted after {fact.cause}")
            case Warned():
                self._reach(f"warned {fact.kind}")
            case SyncChanged():
                self._reach(f"sync {fact.kind}")
            case RequestAccepted():
                self._reach("web request accepted")
            case FaultReported():
                self._reach(_REPORTS.get(" ".join(fact.what.split()[:2]), "unit reports something"))

    def power(self, on: bool, cause: Cause) -> None:
        """An output really went live or dead."""
        self._reach("live" if on else f"dead by {cause}")

    def booking(self, change: Change | BookingChanged) -> None:
        """Somebody was told something about a booking."""
        if change.outcome is not BookingOutcome.REFUSED:
            self._reach(f"booking {change.outcome} by {change.source}")
        for reason in change.reasons:
            self._reach(f"booking refused as {reason}")

    def _reach(self, state: str) -> None:
        self.reached[state] += 1
