"""What time it is on a unit, and whether that may be trusted.

The wall clock is corrected by the twin's time at each exchange. It is untrusted after it stepped by more than
two seconds against the monotonic clock, and after a power cut without a real-time clock, until the next exchange.
Its uncertainty grows with the time since then; it is journalled and decides nothing.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from access.facts import instant, stamp
from access.times import ClockReading, RawClock, milliseconds
from controller.ports import Clock

STEP = timedelta(seconds=2)
"""How far wall and monotonic clock may part before the wall clock counts as stepped."""
DRIFT = 100e-6
"""The drift assumed of a Pi's crystal, in seconds per second."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment when the clock was known: the raw reading then, the correction to its wall time, and the
    uncertainty in seconds."""

    raw: RawClock
    correction: timedelta = timedelta(0)
    uncertainty_s: float = 0.0

    def expected(self, raw: RawClock) -> datetime:
        """What the raw wall clock would show now, had it not stepped."""
        return self.raw.wall + timedelta(milliseconds=raw.mono_ms - self.raw.mono_ms)


class Timekeeper:
    """Reads the clock, notices steps, takes the twin's time."""

    def __init__(self, clock: Clock, anchor: Anchor | None, was_trusted: bool) -> None:
        """`anchor`: the last one kept, None if there is none; `was_trusted`: the trust when the process ended."""
        self._clock = clock
        raw = clock.read()
        known = anchor is not None and (anchor.raw.boot_id == raw.boot_id or clock.has_rtc)
        self.trusted = was_trusted and known
        self.anchor = anchor if anchor and anchor.raw.boot_id == raw.boot_id else _reborn(anchor, raw)

    def read(self) -> ClockReading:
        """The clock as it stands, a step since the last reading noticed."""
        raw = self._clock.read()
        step = raw.wall - self.anchor.expected(raw)
        if abs(step) > STEP:
            self.trusted = False
            self.anchor = replace(self.anchor, raw=raw, correction=self.anchor.correction - step)
        age_s = (raw.mono_ms - self.anchor.raw.mono_ms) / 1000
        uncertainty = self.anchor.uncertainty_s + DRIFT * age_s
        return ClockReading(raw.wall + self.anchor.correction, raw.mono_ms, self.trusted, uncertainty)

    def take(self, time: datetime, sent_ms: int, received_ms: int) -> None:
        """The twin's signed time, of an exchange that took from `sent_ms` to `received_ms`."""
        raw = self._clock.read()
        half = timedelta(milliseconds=(received_ms - sent_ms) / 2)
        since = timedelta(milliseconds=raw.mono_ms - received_ms)
        self.anchor = Anchor(raw, time + half + since - raw.wall, half.total_seconds())
        self.trusted = True


def _reborn(anchor: Anchor | None, raw: RawClock) -> Anchor:
    """The anchor of a new boot: the correction outlives it, as the error of a real-time clock does."""
    return Anchor(raw, anchor.correction if anchor else timedelta(0), anchor.uncertainty_s if anchor else 0.0)


def keep(anchor: Anchor, path: Path) -> None:
    """Write an anchor down for the next start. It is the unit's own note, and grants nothing."""
    note = {
        "wall": stamp(anchor.raw.wall),
        "mono_ms": anchor.raw.mono_ms,
        "boot_id": anchor.raw.boot_id,
        "correction_ms": milliseconds(anchor.correction),
        "uncertainty_s": anchor.uncertainty_s,
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(note) + "\n")
    new.replace(path)


def kept(path: Path) -> Anchor | None:
    """The anchor of an earlier start; None when there is none, or none that can be read."""
    try:
        note = json.loads(path.read_text())
        raw = RawClock(instant(note["wall"]), int(note["mono_ms"]), str(note["boot_id"]))
        correction = timedelta(milliseconds=int(note["correction_ms"]))
        return Anchor(raw, correction, float(note["uncertainty_s"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def differs(one: Anchor, other: Anchor | None) -> bool:
    """True when an anchor is worth keeping in place of the one kept before."""
    if other is None or one.raw.boot_id != other.raw.boot_id:
        return True
    return abs(milliseconds(one.correction - other.correction)) > 500
