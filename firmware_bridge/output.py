"""A board as the unit's output: its own thread writes what is handed to it, and looks twenty times a second."""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread

from firmware_bridge.registers import Reason, State
from firmware_bridge.session import Arm, Hold, Link, Order, Reading, Refused, Session

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05
RETRY_S = 0.2
LOST_MS = 400
"""A board that has not answered for this long is lost."""
SMALLEST_CHANGE_A = 0.05
TOLD_OTHERWISE = frozenset({Reason.ESTOP, Reason.NO_CONTACT})
"""What opens the relay and shows in an input too. All else is told as a loss, until the unit has let go."""

Told = Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Watchers:
    """Whoever is told; each from the bridge's thread, at changes only, `report` after every look."""

    lost: Told
    report: Callable[[Reading], None]
    contact: Told
    estop: Told
    amps: Callable[[float], None]


class Conversation:
    """One session with one board over one link, for the thread that owns it. Any failure is an OSError."""

    def __init__(self, link: Link, now: Callable[[], int]) -> None:
        self._link = link
        self._now = now
        self._session = Session()
        self.dropped = False

    @property
    def held(self) -> bool:
        """Whether the relay was held, and nothing has opened it since, as far as is known."""
        return self._session.held

    def look(self) -> Reading:
        """Ask how things stand; a board at rest is armed, so that a later order need not wait for it."""
        reading = self._read()
        if reading.state is State.DROPPED:
            self._arm(_fresh())
        return reading

    def obey(self, order: Order) -> None:
        """Write what the order needs: at most one hold, never a second time."""
        while (request := self._session.request(order, self._now(), _fresh())) is not None:
            match request:
                case Hold(hold_ms, sequence):
                    self._hold(hold_ms, sequence)
                    return
                case Arm(sequence):
                    self._arm(sequence)
                case _:
                    self._read()

    def let_go(self) -> None:
        """Open the relay."""
        self._session = self._session.was_let_go()
        self.dropped = False
        self._link.let_go()

    def clear(self) -> None:
        """Forget a weld."""
        self._link.clear()

    def close(self) -> None:
        """Open the relay if the board still hears, and give the line back."""
        with suppress(OSError):
            self.let_go()
        with suppress(OSError):
            self._link.close()

    def _read(self) -> Reading:
        """A hold that is gone without having been let go is `dropped`."""
        reading, was_held = self._link.read(), self._session.held
        self._session = self._session.read(reading)
        lost = was_held and not self._session.held
        self.dropped = self.dropped or (lost and reading.reason not in TOLD_OTHERWISE)
        return reading

    def _arm(self, sequence: int) -> None:
        self._session = self._session.doubted()
        self._link.arm(sequence)
        self._session = self._session.was_armed(sequence)

    def _hold(self, hold_ms: int, sequence: int) -> None:
        self._session = self._session.was_perhaps_held()
        self._link.hold(hold_ms, sequence)
        self._session = self._session.was_held(sequence)


class BoardOutput:
    """An output that a board keeps. Its commands never wait and never raise: `on_lost` tells failures."""

    def __init__(self, open_link: Callable[[], Link]) -> None:
        self._open_link = open_link
        self._changed = Condition()
        self._order: Order | None = None
        self._off = self._clear = self._closing = False
        self._thread: Thread | None = None
        self._lost = self._dropped = False
        self._answered_ms = _mono_ms()
        self._said: dict[str, object] = {}

    def start(
        self,
        on_lost: Told,
        on_report: Callable[[Reading], None],
        *,
        on_contact: Told,
        on_estop: Told,
        on_amps: Callable[[float], None],
    ) -> None:
        """Connect and stay connected. The callbacks come from its own thread."""
        self._watchers = Watchers(on_lost, on_report, on_contact, on_estop, on_amps)
        self._answered_ms = _mono_ms()
        self._thread = Thread(target=self._run, name="board", daemon=True)
        self._thread.start()

    def switch_on(self) -> None:
        """Close the relay, for one hold."""
        with self._changed:
            self._order = Order(True, _mono_ms())
            self._changed.notify()

    def renew(self) -> None:
        """Start the countdown afresh. One that the line has no room for gives way to the next."""
        with self._changed:
            first = self._order is not None and self._order.first
            self._order = Order(first, _mono_ms())
            self._changed.notify()

    def switch_off(self) -> None:
        """Open the relay; where the board cannot be told, the hold runs out by itself."""
        with self._changed:
            self._order, self._off = None, True
            self._changed.notify()

    def clear_weld(self) -> None:
        """Let the board forget a weld: a technician has said that it is over."""
        with self._changed:
            self._clear = True
            self._changed.notify()

    def close(self) -> None:
        """Open the relay and leave the board; safe to call twice."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            try:
                self._talk()
            except OSError as error:
                self._failed(error)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, RETRY_S)

    def _talk(self) -> None:
        """Open the line, and talk until it fails for too long; an OSError says why."""
        talk = Conversation(self._open_link(), _mono_ms)
        look_at = 0.0
        try:
            while not self._closing:
                self._wait_until(look_at)
                try:
                    self._pass_on(talk)
                    if time.monotonic() >= look_at:
                        look_at = time.monotonic() + LOOK_EVERY_S
                        self._heard(talk)
                except Refused as refusal:
                    log.warning("%s", refusal)
                except OSError:
                    if _mono_ms() - self._answered_ms > LOST_MS:
                        raise
        finally:
            talk.close()

    def _wait_until(self, look_at: float) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._off or self._clear or self._order is not None or self._closing,
                max(0.0, look_at - time.monotonic()),
            )

    def _pass_on(self, talk: Conversation) -> None:
        """Off goes before everything; then at most one hold."""
        with self._changed:
            off, clear, order = self._off, self._clear, self._order
            self._off, self._clear, self._order = False, False, None
        if off:
            self._dropped = False
            talk.let_go()
        if clear:
            talk.clear()
        if order is not None:
            talk.obey(order)

    def _heard(self, talk: Conversation) -> None:
        reading = talk.look()
        self._answered_ms = _mono_ms()
        self._dropped = self._dropped or talk.dropped
        self._tell("contact", reading.contact, self._watchers.contact)
        self._tell("estop", reading.estop, self._watchers.estop)
        if reading.amps is not None and not self._amps_as_said(reading.amps):
            self._said["amps"] = reading.amps
            self._watchers.amps(reading.amps)
        self._tell_lost(self._dropped, f"it opened the relay by itself: {reading.reason.name.lower()}")
        self._watchers.report(reading)

    def _tell(self, what: str, value: bool | None, watcher: Told) -> None:
        if value is not None and self._said.get(what) != value:
            self._said[what] = value
            watcher(value)

    def _amps_as_said(self, amps: float) -> bool:
        said = self._said.get("amps")
        return isinstance(said, float) and abs(said - amps) < SMALLEST_CHANGE_A

    def _failed(self, error: OSError) -> None:
        if _mono_ms() - self._answered_ms > LOST_MS:
            self._tell_lost(True, str(error))

    def _tell_lost(self, lost: bool, why: str) -> None:
        """Log and tell the first failure and the recovery, not every failure between."""
        if lost == self._lost:
            return
        self._lost = lost
        log.warning("board lost: %s", why) if lost else log.info("board is back")
        self._watchers.lost(lost)


def _fresh() -> int:
    """The number of a new session, which a recording of an old one will not guess."""
    return secrets.randbelow(65_536)


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000
