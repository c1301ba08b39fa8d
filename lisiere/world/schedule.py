"""Virtual time: what is due next, in the order that rehearsals prescribe."""

import heapq
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from itertools import count

from access.times import MS


class Turn(IntEnum):
    """What comes first at one instant: deadlines, then steps, then the network."""

    DEADLINE = 0
    STEP = 1
    NETWORK = 2


class Schedule:
    """An agenda in true time, which only `run_until` moves. `ms` are milliseconds since the beginning."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._agenda: list[tuple[int, int, int, Callable[[], None]]] = []
        self._order = count()
        self.ms = 0

    def now(self) -> datetime:
        """The true time."""
        return self._start + self.ms * MS

    def at(self, ms: int, turn: Turn, act: Callable[[], None]) -> None:
        """Do something at an instant; what is already past is done at once, in its turn."""
        heapq.heappush(self._agenda, (max(ms, self.ms), turn, next(self._order), act))

    def run_until(self, ms: int) -> None:
        """Do everything that is due up to and including an instant."""
        while self.step(ms):
            pass
        self.ms = max(self.ms, ms)

    def step(self, until_ms: int) -> bool:
        """Do the one thing that is due next, if that is up to and including an instant; whether there was one."""
        if not self._agenda or self._agenda[0][0] > until_ms:
            return False
        self.ms, _, _, act = heapq.heappop(self._agenda)
        act()
        return True
