"""A board without a board: the same law on a clock that the driver moves, with a contact that can weld."""

from collections import deque
from collections.abc import Callable

from access.hold import Hold
from firmware_bridge.registers import CONTACT_MS, HOLD_MS, MINUTE_MS, STARTS, Reason, Refusal, State
from firmware_bridge.session import Reading, Refused


class SimulatedBoard:
    """A link whose other end is simulated, in the milliseconds of `now`; `live` is what the machine gets."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._hold = Hold(HOLD_MS)
        self._state = State.DROPPED
        self._reason = Reason.START
        self._sequence = 0
        self._opened_ms = now()
        self._stuck = self._estop = self._unplugged = False
        self._amps = 0.0
        self._closed_ms: deque[int] = deque(maxlen=STARTS)
        self.holds = 0

    def read(self) -> Reading:
        """Ask how things stand."""
        self._answer()
        return Reading(self._state, self._reason, self._sequence, self.live, self._estop, self._amps)

    def arm(self, sequence: int) -> None:
        """Open the relay and begin a session."""
        self._answer()
        if self._state in (State.ESTOP, State.WELDED):
            raise Refused(Refusal.UNSAFE)
        self._open(State.OPEN, Reason.ARMED)
        self._sequence = sequence

    def hold(self, hold_ms: int, sequence: int) -> None:
        """Hold the relay closed from now on."""
        self._answer()
        starts = self._state is State.OPEN
        if self._state in (State.ESTOP, State.WELDED) or (starts and (self.live or self._closes_too_often())):
            raise Refused(Refusal.UNSAFE)
        if self._state is State.DROPPED:
            raise Refused(Refusal.NOT_ARMED)
        if hold_ms > HOLD_MS or sequence != (self._sequence + 1) % 65_536:
            raise Refused(Refusal.VALUE)
        if starts:
            self._closed_ms.append(self._now())
        self._state, self._sequence = State.CLOSED, sequence
        self._hold = Hold(hold_ms).switch_on(self._now())
        self.holds += 1

    def let_go(self) -> None:
        """Open the relay."""
        self._answer()
        if self._state in (State.CLOSED, State.OPEN):
            self._open(State.DROPPED, Reason.OFF)

    def clear(self) -> None:
        """Forget a weld."""
        self._answer()
        if self._state is State.WELDED and self.live:
            raise Refused(Refusal.UNSAFE)
        self._state = State.DROPPED if self._state is State.WELDED else self._state

    def close(self) -> None:
        """Give the line back; safe to call twice."""

    @property
    def live(self) -> bool:
        """Whether the machine has power, because it is held or because the contact is welded."""
        self._tick()
        return self._stuck or self._state is State.CLOSED

    @property
    def state(self) -> State:
        """What the board does."""
        self._tick()
        return self._state

    @property
    def welded(self) -> bool:
        """Whether the contact is stuck."""
        return self._stuck

    def weld(self, welded: bool) -> None:
        """Weld the contact as it is now closed, or free it."""
        self._stuck = welded

    def estop(self, pressed: bool) -> None:
        """Press or release the emergency stop."""
        self._estop = pressed

    def draw(self, amps: float) -> None:
        """The motor draws this many amperes from now on."""
        self._amps = amps

    def unplug(self, unplugged: bool) -> None:
        """Pull the cable, or put it back."""
        self._unplugged = unplugged

    def _closes_too_often(self) -> bool:
        return len(self._closed_ms) == STARTS and self._now() - self._closed_ms[0] < MINUTE_MS

    def _answer(self) -> None:
        if self._unplugged:
            raise OSError("the cable is pulled")
        self._tick()

    def _tick(self) -> None:
        if self._state is State.CLOSED and not self._hold.closed(self._now()):
            self._open(State.DROPPED, Reason.SILENCE)
        if self._estop and self._state is not State.WELDED:
            self._open(State.ESTOP, Reason.ESTOP)
        elif not self._estop and self._state is State.ESTOP:
            self._state = State.DROPPED
        if self._stuck and self._state is not State.CLOSED and self._now() - self._opened_ms >= CONTACT_MS:
            self._state = State.WELDED

    def _open(self, state: State, reason: Reason) -> None:
        if self._state is State.CLOSED:
            self._reason, self._opened_ms = reason, self._now()
            self._hold = self._hold.let_go()
        self._state = state
