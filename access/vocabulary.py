"""The words of the product, exactly as they stand in journals, records and screens.

They are a public interface (the acceptance language of `lisiere rehearse`): a rename is a breaking change.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """What came of a tap."""

    GRANTED = "granted"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a tap was granted or refused; `decide` gives the first that applies, in its own order."""

    ESTOP = "estop"
    FAULT = "fault"
    LOCKED = "locked"
    BADGE_UNKNOWN = "badge_unknown"
    BADGE_REVOKED = "badge_revoked"
    MEMBERSHIP_EXPIRED = "membership_expired"
    NOT_QUALIFIED = "not_qualified"
    BADGE_TOO_WEAK = "badge_too_weak"
    CLOCK_UNTRUSTED = "clock_untrusted"
    REPLICA_STALE = "replica_stale"
    IN_USE = "in_use"
    BOOKING = "booking"
    STAFF = "staff"
    BOOKED_BY_OTHER = "booked_by_other"
    WALK_UP = "walk_up"
    TOO_EARLY = "too_early"
    BOOKING_OVER = "booking_over"
    NO_BOOKING = "no_booking"
    NOT_RECORDED = "not_recorded"


class Refusal(StrEnum):
    """Why a booking, an extension or a cancellation is refused; all that apply are given, in this order."""

    UNKNOWN_MACHINE = "unknown_machine"
    UNKNOWN_MEMBER = "unknown_member"
    CLOCK_UNTRUSTED = "clock_untrusted"
    NOT_RECORDED = "not_recorded"
    BADGE_REVOKED = "badge_revoked"
    MEMBERSHIP_EXPIRED = "membership_expired"
    NOT_QUALIFIED = "not_qualified"
    MACHINE_LOCKED = "machine_locked"
    END_BEFORE_START = "end_before_start"
    IN_THE_PAST = "in_the_past"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_FAR_AHEAD = "too_far_ahead"
    CLOSED = "closed"
    OVERLAP = "overlap"
    TOO_MANY_BOOKINGS = "too_many_bookings"
    WEEK_HOURS_USED = "week_hours_used"
    NOT_FOR_CATEGORY = "not_for_category"
    LEASE_OVER = "lease_over"
    UNIT_UNREACHABLE = "unit_unreachable"


class BookingOutcome(StrEnum):
    """What happened to a booking."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RELEASED = "released"
    CANCELLED = "cancelled"
    EXTENDED = "extended"


class Source(StrEnum):
    """Who asked for what happened to a booking."""

    WEB = "web"
    KIOSK = "kiosk"
    TAP = "tap"
    RULE = "rule"


class Cause(StrEnum):
    """Why the output went live (`granted`) or dead, and why a run ended."""

    GRANTED = "granted"
    MEMBER = "member"
    BOOKING_END = "booking_end"
    IDLE = "idle"
    MAX_RUN = "max_run"
    HANDOVER = "handover"
    ESTOP = "estop"
    FAULT = "fault"
    LOCK = "lock"
    REVOKED = "revoked"
    INTERRUPTED = "interrupted"


class Fault(StrEnum):
    """What is wrong with a machine or its unit."""

    RELAY_WELDED = "relay_welded"
    NO_POWER = "no_power"
    BOARD_LOST = "board_lost"
    READER_LOST = "reader_lost"
    ESTOP = "estop"
    JOURNAL = "journal"
    CLOCK = "clock"


BLOCKING_FAULTS = frozenset({Fault.RELAY_WELDED, Fault.NO_POWER, Fault.BOARD_LOST})
"""The faults for which a tap is refused as `fault`; the others have a reason of their own, or none."""


class Warn(StrEnum):
    """What a running member is warned of."""

    ENDING = "ending"
    IDLE = "idle"


class LockReason(StrEnum):
    """Why a technician takes a machine out of service at the kiosk."""

    BROKEN = "broken"
    SERVICE = "service"
    PARTS = "parts"
    DANGER = "danger"
    CLEANING = "cleaning"
    OTHER = "other"


class UnlockReason(StrEnum):
    """Why a technician puts it back in service at the kiosk."""

    REPAIRED = "repaired"
    REPLACED = "replaced"
    SERVICED = "serviced"
    CHECKED = "checked"
    MISTAKE = "mistake"
    OTHER = "other"


class ServiceKind(StrEnum):
    """What was done at a service."""

    CLEANED = "cleaned"
    NEEDLE = "needle"
    ADJUSTED = "adjusted"
    FULL = "full"
