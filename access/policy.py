"""The association's policy: every field, its default and its meaning (minutes, hours or seconds, as named)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

REPLICA_LIFETIME = timedelta(days=7)
"""No replica is good for longer, whatever the policy says."""


class UntrustedClock(StrEnum):
    """Who may start while the unit's clock is not trusted."""

    REFUSE = "refuse"
    STAFF_ONLY = "staff_only"


@dataclass(frozen=True, slots=True)
class Policy:
    """What an association may decide. The table of fields is in docs/rehearsal.md."""

    early_start_minutes: float = 5
    warn_before_end_minutes: float = 5
    grace_after_end_minutes: float = 2
    idle_off_minutes: float = 15
    no_show_minutes: float = 15
    max_run_minutes: float = 240
    walk_up_on_tap: bool = False
    walk_up_default_minutes: float = 60
    walk_up_max_minutes: float = 120
    walk_up_min_minutes: float = 10
    lease_hours: float = 24
    offline_hours: float = 72
    untrusted_clock: UntrustedClock = UntrustedClock.REFUSE
    hold_seconds: float = 0.5
    checkpoint_seconds: float = 10
    sync_seconds: float = 15
    booking_horizon_days: float = 30
    booking_min_minutes: float = 15
    booking_max_minutes: float = 240
    max_future_bookings: int = 5

    @property
    def early_start(self) -> timedelta:
        """How early a booking may be started."""
        return timedelta(minutes=self.early_start_minutes)

    @property
    def no_show(self) -> timedelta:
        """How long after its start an unstarted booking is released."""
        return timedelta(minutes=self.no_show_minutes)

    @property
    def walk_up_min(self) -> timedelta:
        """The shortest walk-up or extension worth having."""
        return timedelta(minutes=self.walk_up_min_minutes)

    @property
    def walk_up_max(self) -> timedelta:
        """The longest walk-up."""
        return timedelta(minutes=self.walk_up_max_minutes)

    @property
    def walk_up_default(self) -> timedelta:
        """The length of a walk-up made by a tap."""
        return timedelta(minutes=self.walk_up_default_minutes)

    @property
    def lease(self) -> timedelta:
        """The near horizon that a unit owns."""
        return timedelta(hours=self.lease_hours)

    @property
    def replica_life(self) -> timedelta:
        """How long a replica grants anything to members without being confirmed by the twin."""
        return min(timedelta(hours=self.offline_hours), REPLICA_LIFETIME)

    @property
    def booking_min(self) -> timedelta:
        """The shortest booking."""
        return timedelta(minutes=self.booking_min_minutes)

    @property
    def booking_max(self) -> timedelta:
        """The longest booking."""
        return timedelta(minutes=self.booking_max_minutes)

    @property
    def horizon(self) -> timedelta:
        """How far ahead one may book."""
        return timedelta(days=self.booking_horizon_days)
