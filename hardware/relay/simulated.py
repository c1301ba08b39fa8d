"""An output with no relay: the same hold, on a clock that the driver moves, with a contact that can weld."""

from collections.abc import Callable

from access.hold import Hold


class SimulatedOutput:
    """What a keeper and its contactor do, in the milliseconds of `now`; `live` is what the machine gets."""

    def __init__(self, now: Callable[[], int], hold_ms: int = 500) -> None:
        self._now = now
        self._hold = Hold(hold_ms)
        self._weld = False
        self._stuck = False
        self._lost = False
        self._told = False

    def start(self, on_lost: Callable[[bool], None], on_contact: Callable[[bool], None]) -> None:
        """Begin; `on_contact` is told from `tick`, `on_lost` from `lose` and `restore`."""
        self._on_lost, self._on_contact = on_lost, on_contact

    def switch_on(self) -> None:
        """Close the relay, for one hold."""
        if not self._lost:
            self._change(self._hold.switch_on(self._now()))

    def renew(self) -> None:
        """Start the countdown afresh."""
        if not self._lost:
            self._change(self._hold.renew(self._now()))

    def switch_off(self) -> None:
        """Open the relay."""
        if not self._lost:
            self._change(self._hold.let_go())

    def close(self) -> None:
        """Leave the keeper, which opens the relay; safe to call twice."""
        self._change(self._hold.let_go())

    @property
    def live(self) -> bool:
        """True while the machine has power, because it is held or because the contact is welded."""
        return self._stuck or self.held

    @property
    def held(self) -> bool:
        """True while the relay is commanded closed."""
        return self._hold.until is not None and self._hold.closed(self._now())

    @property
    def welded(self) -> bool:
        """True while the contact is stuck."""
        return self._stuck

    def renewed_at(self, ms: int) -> None:
        """Renewals came until that instant, none since: the same as `renew` at each of them in its time."""
        if self._hold.until is not None:
            self._change(Hold(self._hold.hold_ms, ms + self._hold.hold_ms))

    def weld(self, welded: bool) -> None:
        """Weld the contact, or free it. A weld of an open contact takes effect at its next closing."""
        self._stuck = welded and self.live
        self._weld = welded

    def lose(self) -> None:
        """Cut the keeper off: it hears nothing more, and opens the relay."""
        self.close()
        self._lost = True
        self._on_lost(True)

    def restore(self) -> None:
        """Bring the keeper back, with its relay open."""
        self._lost = False
        self._on_lost(False)

    def tick(self, now: int) -> None:
        """Tell the contact if it changed; `now` in the milliseconds of the injected clock."""
        self._hold = self._hold if self._hold.closed(now) else self._hold.let_go()
        live = self._stuck or self._hold.closed(now)
        if live != self._told:
            self._told = live
            self._on_contact(live)

    def _change(self, hold: Hold) -> None:
        self._hold = hold
        self._stuck = self._stuck or (self._weld and hold.closed(self._now()))
