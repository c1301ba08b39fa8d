"""Which badges lie on the reader: each is told once when it is placed, and again only after it was away."""

from hardware.badge_reader.reading import Reading

AWAY_S = 0.3
"""A badge that was not sensed for this long is away. Shorter gaps are a hand that trembles."""
CROWD_S = 1.0
"""Two badges that are sensed within this time are two cards at once, for a reader that cannot tell."""


class Presence:
    """Times are in seconds on any one monotonic clock."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def placed(self, reading: Reading, now: float) -> bool:
        """Note that a badge is sensed; True when it was not there before."""
        key = "made up" if reading.made_up else reading.uid
        self._last = {key: last for key, last in self._last.items() if now - last < CROWD_S}
        new = key not in self._last or now - self._last[key] >= AWAY_S
        self._last[key] = now
        return new

    @property
    def crowded(self) -> bool:
        """True when two badges were sensed within a moment, at the last time that one was placed."""
        return len(self._last) > 1
