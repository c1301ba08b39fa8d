"""Power is a hold: a countdown that every renewal starts afresh, and that latches open when it runs out."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Hold:
    """The countdown of whoever owns a relay. Times are its own monotonic milliseconds.

    `until` is when the relay opens by itself; None means open. Only `switch_on` closes it again.
    """

    hold_ms: int
    until: int | None = None

    def closed(self, now: int) -> bool:
        """True while the relay is to be closed."""
        return self.until is not None and now < self.until

    def switch_on(self, now: int) -> "Hold":
        """Close the relay, for one hold."""
        return replace(self, until=now + self.hold_ms)

    def renew(self, now: int) -> "Hold":
        """Start the countdown afresh; a hold that has run out stays open."""
        return replace(self, until=now + self.hold_ms) if self.closed(now) else self.let_go()

    def let_go(self) -> "Hold":
        """Open the relay."""
        return replace(self, until=None)
