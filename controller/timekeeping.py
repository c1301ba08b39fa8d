"""What time it is on a unit, and whether that may be trusted.

The wall clock is corrected by the twin's signed time at each exchange, and never goes below the latest one. It is
untrusted after it stepped by more than two seconds against the monotonic clock, and after a power cut without a
real-time clock, until the next exchange. Its uncertainty grows with the time since then; it is journalled and
decides nothing.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from access.facts import instant, stamp
from access.times import MS, ClockReading, ClockState, RawClock, milliseconds
from controller.ports import Clock

STEP = timedelta(seconds=2)
"""How far wall and monotonic clock may part before the wall clock counts as stepped."""
DRIFT = 100e-6
"""The drift assumed of a Pi's crystal, in seconds per second."""
HELD_MS = 3_600_000
"""How long after the twin's word the clock counts as synced."""
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No unit stood before this: a clock that starts earlier was never set."""


class Anchor(NamedTuple):
    """A moment when the clock was known: the raw reading then, the correction to its wall time, and the
    uncertainty in seconds."""

    raw: RawClock
    correction: timedelta = timedelta(0)
    uncertainty_s: float = 0.0

    @property
    def wall(self) -> datetime:
        """The corrected time then."""
        return self.raw.wall + self.correction

    def expected(self, raw: RawClock) -> datetime:
        """What the raw wall clock would show now, had it not stepped."""
        return self.raw.wall + (raw.mono_ms - self.raw.mono_ms) * MS


class Timekeeper:
    """Reads the clock, notices steps, takes the twin's time."""

    def __init__(
        self, clock: Clock, anchor: Anchor | None, was_trusted: bool, signed: datetime | None = None
    ) -> None:
        """`anchor`: the last one kept, None if there is none; `was_trusted`: the trust when the process ended;
        `signed`: the latest time that the twin has signed and that was kept."""
        self._clock = clock
        self._signed = signed
        raw = clock.read()
        same_boot = anchor is not None and anchor.raw.boot_id == raw.boot_id
        self.anchor = anchor if anchor and same_boot else _reborn(anchor, raw)
        known = was_trusted and anchor is not None and (same_boot or clock.has_rtc)
        self._fault = None if known else ClockState.LOWER_BOUND
        self._asked_ms: int | None = None
        if not same_boot:
            self._judge_start(raw)

    def _judge_start(self, raw: RawClock) -> None:
        """A clock that starts before the twin's last word starts again from there; with a real-time clock, or
        before any unit stood, it is out of its mind."""
        early = self._signed is not None and self.anchor.wall < self._signed - STEP
        if raw.wall < BUILT or (early and self._clock.has_rtc):
            self._fault = ClockState.INSANE
        if self._signed is not None and self.anchor.wall < self._signed:
            self.anchor = self.anchor._replace(correction=self._signed - raw.wall)

    @property
    def trusted(self) -> bool:
        """True when dates may be judged by the clock."""
        return self._fault is None

    def read(self) -> ClockReading:
        """The clock as it stands, a step since the last reading noticed."""
        return self._reading(self._clock.read())

    def _reading(self, raw: RawClock) -> ClockReading:
        step = raw.wall - self.anchor.expected(raw)
        if abs(step) > STEP:
            self._fault = ClockState.INSANE
            self.anchor = self.anchor._replace(raw=raw, correction=self.anchor.correction - step)
        age_s = (raw.mono_ms - self.anchor.raw.mono_ms) / 1000
        uncertainty = self.anchor.uncertainty_s + DRIFT * age_s
        return ClockReading(raw.wall + self.anchor.correction, raw.mono_ms, self._state(raw.mono_ms), uncertainty)

    def _state(self, now_ms: int) -> ClockState:
        if self._fault is not None:
            return self._fault
        synced = self._asked_ms is not None and now_ms - self._asked_ms <= HELD_MS
        return ClockState.SYNCED if synced else ClockState.HOLDOVER

    def take(self, time: datetime, sent_ms: int, received_ms: int) -> ClockReading:
        """The twin's signed time, of an exchange that took from `sent_ms` to `received_ms`; the clock as it stands
        after it.

        A time before one that was signed already is not taken: who says it, or the clock, is out of its mind. That
        of a slow answer moves a clock that knows better no further than it has to.
        """
        raw = self._clock.read()
        own = self._reading(raw)
        if self._signed is not None and time < self._signed - STEP:
            self._fault = ClockState.INSANE
            return self._reading(raw)
        half = timedelta(milliseconds=(received_ms - sent_ms) / 2)
        since = timedelta(milliseconds=raw.mono_ms - received_ms)
        told = Anchor(raw, time + half + since - raw.wall, half.total_seconds())
        self.anchor = _reconciled(own, told)
        self._signed = time if self._signed is None else max(time, self._signed)
        self._fault, self._asked_ms = None, received_ms
        return self._reading(raw)


def _reconciled(own: ClockReading, told: Anchor) -> Anchor:
    """What we are told; or, where our own time is less uncertain and both can be right, our own, moved no further
    than to the nearest instant that the answer allows."""
    half, own_s = timedelta(seconds=told.uncertainty_s), own.uncertainty_s
    apart = own.wall - told.wall
    if not own.trusted or own_s >= told.uncertainty_s or abs(apart) > half + timedelta(seconds=own_s):
        return told
    return Anchor(told.raw, told.correction + max(-half, min(half, apart)), own_s)


def _reborn(anchor: Anchor | None, raw: RawClock) -> Anchor:
    """The anchor of a new boot: the correction outlives it, as the error of a real-time clock does."""
    if anchor is None:
        return Anchor(raw)
    age_s = max(0.0, (raw.wall - anchor.raw.wall).total_seconds())
    return Anchor(raw, anchor.correction, anchor.uncertainty_s + DRIFT * age_s)


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
