"""Two threads that carry messages between the screen and one unit: the screen never waits for a network."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from controller.link import Ask, UnitAnswer, UnitLink, UnitState, UnreachableUnit

WAIT_S = 2
"""How long one long poll lasts. With the link's time-out of 2 s, a unit's silence is certain after 4 s."""
PAUSE_S = 1.0
"""How long to leave a unit alone that did not answer."""
TRIES = 2
"""How often an ask is carried; it has an id of its own, so a unit that had heard the first does it once."""

_log = logging.getLogger(__name__)

_Errand = tuple[Ask, Callable[[UnitAnswer | None], None]]


class Courier:
    """A `kiosk.ports.Link` over the network."""

    def __init__(self, link: UnitLink) -> None:
        self._link = link
        self._errands: SimpleQueue[_Errand | None] = SimpleQueue()
        self._closing = threading.Event()
        self._lost = False
        threading.Thread(target=self._carry, name=f"{link.machine} asks", daemon=True).start()

    def watch(self, heard: Callable[[UnitState | None], None]) -> None:
        """Begin to listen."""
        threading.Thread(
            target=self._listen, args=(heard,), name=f"{self._link.machine} state", daemon=True
        ).start()

    def ask(self, ask: Ask, answered: Callable[[UnitAnswer | None], None]) -> None:
        """Have something asked."""
        self._errands.put((ask, answered))

    def close(self) -> None:
        """End; the threads go when their unit has answered, or has not."""
        self._closing.set()
        self._errands.put(None)

    def _listen(self, heard: Callable[[UnitState | None], None]) -> None:
        since = -1
        while not self._closing.is_set():
            try:
                state = self._link.state(since, WAIT_S)
            except UnreachableUnit as error:
                self._note(error)
                self._closing.wait(PAUSE_S)
                continue
            self._note(None)
            since = since if state is None else state.n
            heard(state)

    def _note(self, error: UnreachableUnit | None) -> None:
        """Log the first failure and the recovery, not what lies between."""
        if (error is not None) is not self._lost:
            self._lost = not self._lost
            _log.warning("%s", error) if error else _log.info("%s: answers again", self._link.machine)

    def _carry(self) -> None:
        while (errand := self._errands.get()) is not None:
            ask, answered = errand
            answered(self._try(ask))

    def _try(self, ask: Ask) -> UnitAnswer | None:
        for _ in range(TRIES):
            try:
                return self._link.ask(ask)
            except UnreachableUnit as error:
                _log.warning("%s", error)
        return None
