"""The machine's clock: wall time, a monotonic count that goes on in suspend, and the boot they belong to."""

import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from access.times import MS, RawClock

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RTC = Path("/dev/rtc0")


def mono_ms() -> int:
    """Milliseconds on a clock that nobody can set; the same count in all processes of this computer."""
    return time.monotonic_ns() // 1_000_000


class SystemClock:
    """This computer's clock.

    `has_rtc` says that there is a real-time clock, not that its battery is good: a Pi 5 shows one without a
    battery too, so a site that has none passes a path that does not exist.
    """

    def __init__(self, rtc: Path = RTC, boot_id: Path = BOOT_ID) -> None:
        """Raises OSError where the kernel tells no boot id."""
        self.has_rtc = rtc.exists()
        self._boot_id = boot_id.read_text().strip()

    def read(self) -> RawClock:
        """The clock as it stands now, by CLOCK_BOOTTIME: CLOCK_MONOTONIC stops while the computer sleeps."""
        mono_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return RawClock(datetime.now(UTC), mono_ms, self._boot_id)


class SimulatedClock:
    """A clock that moves only when told to. `seed` makes its boot ids, so that two runs are the same."""

    def __init__(self, wall: datetime, has_rtc: bool = False, seed: str = "simulated") -> None:
        self.has_rtc = has_rtc
        self._seed = seed
        self._boots = 0
        self._powered = True
        self._now = RawClock(wall.astimezone(UTC), 0, self._next_boot())
        self._passed_ms = 0

    def read(self) -> RawClock:
        """The clock as it stands now; RuntimeError while the power is off, when nothing can read it."""
        self._need_power()
        return self._moved() if self._passed_ms else self._now

    def advance(self, ms: int) -> None:
        """Let this many milliseconds pass, on both counts."""
        self._need_power()
        self._passed_ms += ms

    def set_wall(self, wall: datetime) -> None:
        """Step the wall clock; the monotonic count does not notice."""
        self._need_power()
        self._now = self._moved()._replace(wall=wall.astimezone(UTC))

    def power_cut(self) -> None:
        """Take the mains away; cutting it twice changes nothing."""
        self._powered = False

    def power_back(self, off_ms: int) -> None:
        """Bring the mains back after this long: a new boot; the wall clock went on only with an RTC."""
        slept = (off_ms if self.has_rtc else 0) * MS
        self._powered = True
        self._now = RawClock(self._moved().wall + slept, 0, self._next_boot())

    def _moved(self) -> RawClock:
        now, ms = self._now, self._passed_ms
        self._now, self._passed_ms = RawClock(now.wall + ms * MS, now.mono_ms + ms, now.boot_id), 0
        return self._now

    def _need_power(self) -> None:
        if not self._powered:
            raise RuntimeError("the simulated power is off: call power_back first")

    def _next_boot(self) -> str:
        self._boots += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed}/{self._boots}"))
