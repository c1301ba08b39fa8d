"""Walk-ups whose machine must have power in time; one that has not is given back, by its own id and no other's.

It goes on when its person has left the screen: a cancellation whose answer is lost is asked again. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from access.book import Refused
from controller.link import Ask, Cancel, UnitAnswer, UnitState
from kiosk.views.scene import Seen, Start, powered

START_S = 2.0
"""How long after the last touch, or badge, a machine may take to have power."""
RETRY_S = 2.0
"""How long after a lost answer the cancellation is asked again."""
GIVE_UP_S = 300.0
"""How long this is kept up; whoever never came is released by the unit itself."""

Send = Callable[[str, Ask, Callable[[UnitAnswer | None], None]], None]


@dataclass(frozen=True, slots=True)
class _Watched:
    """A start; `asking`: its cancellation is on its way; `again_at`: when to ask next, if nobody answered."""

    start: Start
    asked_at: float
    sold: bool = False
    asking: bool = False
    again_at: float = 0.0


class Starts:
    """The walk-ups that are not yet known to have power. `send` asks a unit, and answers on the frame loop."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._watched: dict[str, _Watched] = {}

    @property
    def known(self) -> Mapping[str, Start]:
        """How each stands, by its booking's id."""
        return {id: watched.start for id, watched in self._watched.items()}

    def asked(self, machine: str, request: str, monotonic: float) -> None:
        """A unit is asked for a walk-up with power."""
        self._watched[request] = _Watched(Start(machine), monotonic)

    def answered(self, request: str, answer: UnitAnswer | None) -> None:
        """The unit has sold it, or refused; None: nobody knows until its state tells."""
        watched = self._watched.get(request)
        if watched is None:
            return
        if isinstance(answer, Refused):
            del self._watched[request]
        else:
            self._watched[request] = replace(watched, sold=answer is not None)

    def look(self, seen: Mapping[str, Seen], wanted: str, monotonic: float) -> bool:
        """What time and the units' states make of them; True when that is news. `wanted`: what is on the screen."""
        before = dict(self._watched)
        for request, watched in before.items():
            state = seen[watched.start.machine].state if watched.start.machine in seen else None
            if self._done(request, watched, state, wanted, monotonic):
                del self._watched[request]
            elif monotonic - watched.asked_at >= START_S:
                self._late(request, watched, state, monotonic)
        return before != self._watched

    def _done(
        self, request: str, watched: _Watched, state: UnitState | None, wanted: str, monotonic: float
    ) -> bool:
        """It has power, and nobody is taking that back; or it is settled, or too old, and nobody looks."""
        start = watched.start
        if powered(state, request) and start.told is None and not watched.asking:
            return True
        return request != wanted and (start.told is not None or monotonic - watched.asked_at >= GIVE_UP_S)

    def _late(self, request: str, watched: _Watched, state: UnitState | None, monotonic: float) -> None:
        start = replace(watched.start, late=True)
        watched = self._watched[request] = replace(watched, start=start)
        made = state is not None and any(b.id == request and b.live for b in state.bookings)
        known = watched.sold or made
        waits = watched.asking or start.told is not None or monotonic < watched.again_at
        if not known or waits or monotonic - watched.asked_at >= GIVE_UP_S:
            return
        self._watched[request] = replace(watched, start=replace(start, withdrawn=True), asking=True)
        self._send(start.machine, Cancel(request), lambda told: self._told(request, told, monotonic + RETRY_S))

    def _told(self, request: str, told: UnitAnswer | None, again_at: float) -> None:
        watched = self._watched.get(request)
        if watched is not None:
            start = replace(watched.start, told=told)
            self._watched[request] = replace(watched, start=start, asking=False, again_at=again_at)
