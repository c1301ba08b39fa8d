"""The line from one simulated unit to the twin: when it exchanges, what is merely counted, and when it is broken.

Exchanges that would carry nothing are counted and not executed; the one before each step of a rehearsal is, so that
a link that breaks at the step swallows what a real one would have.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Protocol

from controller.assembly import Unit, exchanged
from controller.events import Event, LinkLost
from hardware.clock import SimulatedClock
from lisiere.world.schedule import Schedule, Turn
from server_sync.client import TwinRefused, TwinUnreachable
from server_sync.worker import LinkWatch, News

RETRY_MS = 5_000
"""How long a unit waits after a failed exchange."""
HOUR_MS = 3_600_000
"""At least one exchange in this time is executed whole, though it carry nothing."""
GATHER_MS = 300
"""How long a unit gathers facts before they go up together."""


class Attached(Protocol):
    """What hangs on the line."""

    unit: Unit | None
    clock: SimulatedClock

    def catch_up(self) -> None:
        """Let the time since the last look pass."""

    def tell_unit(self, event: Event) -> None:
        """Hand the unit an event, and see to what follows."""


class Line:
    """See the module. `linked`: it is whole; `acked`: the journal's last row that the twin has acknowledged;
    `heard_of_ms`: when the twin gave the answer that was heard last; `executed` and `skipped` count exchanges;
    `latency_ms` says how long the next answer takes."""

    def __init__(self, attached: Attached, schedule: Schedule, sync_ms: int) -> None:
        self._attached = attached
        self._schedule = schedule
        self._sync_ms = sync_ms
        self._watch = LinkWatch()
        self.linked = True
        self.acked = 0
        self.heard_of_ms = 0
        self.executed = self.skipped = 0
        self.latency_ms: Callable[[], int] = lambda: 0
        self._due: int | None = None
        self._last = 0
        self._broken_ms = 0
        self._busy_until = 0
        self._lives = 0
        self._steps: tuple[int, ...] = ()

    def begin(self) -> None:
        """The unit's program has started."""
        if self.linked:
            self._soon(0)
        else:
            self._broken()

    def end(self) -> None:
        """The unit's program is gone, and hears no answer any more."""
        self._lives += 1
        self._busy_until = 0
        self._due = None

    def expect_steps(self, at_ms: tuple[int, ...]) -> None:
        """When this machine's steps come: the exchange before each is executed, not merely counted."""
        self._steps = at_ms

    def link(self, up: bool) -> None:
        """The network to the twin breaks, or is back."""
        self.linked = up
        if self._attached.unit is None:
            return
        if up:
            self._soon(RETRY_MS - (self._schedule.ms - self._broken_ms) % RETRY_MS)
        else:
            self._due = None
            self._broken_ms = self._schedule.ms
            self._broken()

    def gather(self) -> None:
        """The unit has something to tell, and perhaps more in a moment."""
        self._soon(GATHER_MS)

    def news(self) -> None:
        """There is something new at one end: the standing question is answered at once, and put again a moment
        later."""
        if self._attached.unit is not None and self.linked:
            self._soon(GATHER_MS if self._last == self._schedule.ms else 0)

    def exchange(self) -> None:
        """One exchange, whole; and when the next one matters."""
        unit = self._attached.unit
        assert unit is not None
        self._due = None
        self._last = self._schedule.ms
        self._attached.catch_up()
        try:
            news = unit.sync.exchange()
        except (TwinUnreachable, TwinRefused):
            self._broken()
            self._soon(RETRY_MS)
            return
        self.acked = news.reply.acked
        latency = self.latency_ms()
        if latency == 0:
            self._answered(news)
            return
        life, self._busy_until = self._lives, self._schedule.ms + latency

        def arrives() -> None:
            if self._lives == life and self._attached.unit is not None:
                self._attached.catch_up()
                self._answered(news._replace(received_ms=self._attached.clock.read().mono_ms))

        self._schedule.at(self._busy_until, Turn.NETWORK, arrives)
        if self._due is not None:  # there was news meanwhile: a unit asks one thing at a time
            self._due = None
            self._soon(0)

    def _broken(self) -> None:
        """The line is seen to be broken."""
        self._watch.failed(self._schedule.ms)
        due = self._watch.lost_at()
        if due is not None:
            self._schedule.at(due, Turn.DEADLINE, self._maybe_lost)

    def _maybe_lost(self) -> None:
        unit = self._attached.unit
        if unit is not None and self._watch.newly_lost(self._schedule.ms):
            self._attached.tell_unit(LinkLost(unit.sync.backlog() + unit.recorder.waiting))

    def _soon(self, in_ms: int) -> None:
        due = max(self._schedule.ms + in_ms, self._busy_until)
        if self.linked and (self._due is None or due < self._due):
            self._due = due
            self._schedule.at(due, Turn.NETWORK, lambda: self._on_due(due))

    def _on_due(self, due: int) -> None:
        if due == self._due and self._attached.unit is not None and self.linked:
            self.exchange()

    def _answered(self, news: News) -> None:
        """The twin's answer is here."""
        self.executed += 1
        self.heard_of_ms = self._last
        self._watch.succeeded()
        self._attached.tell_unit(exchanged(news))
        self._plan_next()

    def _plan_next(self) -> None:
        """Count the exchanges that will carry nothing; the next one that may matter is executed."""
        unit = self._attached.unit
        if self._due is not None or unit is None:
            return
        if unit.sync.pressing or unit.control.outbox.refusals:
            self._soon(GATHER_MS)
            return
        if unit.sync.refused:  # the unit asks on at its usual pace
            self._soon(self._sync_ms)
            return
        last = self._last
        place = bisect_right(self._steps, last)
        horizon = self._steps[place] if place < len(self._steps) else last + HOUR_MS
        # Strictly before the step: one at its very instant would come after it, and a broken link would have
        # swallowed the exchanges that were merely counted.
        intervals = max(1, (min(horizon - 1, last + HOUR_MS) - last) // self._sync_ms)
        self.skipped += intervals - 1
        self._soon(intervals * self._sync_ms)
