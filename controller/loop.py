"""The one thread that owns the machine, and the journal's thread beside it.

Everything that happens comes in as an event on one inbox; the inbox's time-out is the timer. Power is renewed
after a full turn only, so that a loop that hangs lets go.
"""

import logging
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from controller.control import Control
from controller.events import Erasure, Event, NewEpoch, TimePassed
from controller.journal_row import Checkpoint
from controller.recorder import Batch, Recorder

RENEW_S = 0.1
"""How often power is renewed while it is wanted, in seconds."""
LOOK_S = 1.0
"""The longest the loop sleeps: a clock that was stepped is noticed within this time."""
PROBE_S = 5.0
"""How often a failing disk is tried again, and a quiet one looked at."""

log = logging.getLogger(__name__)

Task = Batch | Checkpoint | NewEpoch | Erasure | None


class RecorderThread:
    """A recorder on a thread of its own (`lisiere-journal`): nothing that is recorded is waited for."""

    def __init__(self, recorder: Recorder, died: Callable[[], None] = lambda: None) -> None:
        """`died` is called if the thread ends by an error that nobody foresaw: without it there is no log."""
        self._recorder = recorder
        self._died = died
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._thread = Thread(target=self._run, name="lisiere-journal", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def record(self, batch: Batch) -> None:
        """See `Recorder.record`."""
        self._tasks.put(batch)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """See `Recorder.checkpoint`."""
        self._tasks.put(checkpoint)

    def begin_epoch(self, new: NewEpoch) -> None:
        """See `Recorder.begin_epoch`."""
        self._tasks.put(new)

    def erase(self, erasure: Erasure) -> None:
        """See `Recorder.erase`."""
        self._tasks.put(erasure)

    def close(self) -> None:
        """Write what is left, also what the disk refused before, then end."""
        self._tasks.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._record_until_closed()
            self._recorder.probe()
        except BaseException:
            self._died()
            raise

    def _record_until_closed(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=PROBE_S)
            except Empty:
                self._recorder.probe()
                continue
            if task is None:
                return
            match task:
                case Batch():
                    self._recorder.record(task)
                case Checkpoint():
                    self._recorder.checkpoint(task)
                case NewEpoch():
                    self._recorder.begin_epoch(task)
                case Erasure():
                    self._recorder.erase(task)


class Loop:
    """The control thread: the caller of `run`. `post` may be called from any thread."""

    def __init__(self) -> None:
        self._inbox: SimpleQueue[Event | None] = SimpleQueue()

    def post(self, event: Event) -> None:
        """Something happened."""
        self._inbox.put(event)

    def stop(self) -> None:
        """Let the loop end, with the power off."""
        self._inbox.put(None)

    def run(self, control: Control, after_turn: Callable[[], None]) -> None:
        """Own the machine until `stop`; `after_turn` is called after every full turn.

        Whatever ends this, also an error that nobody foresaw, ends with the power off.
        """
        try:
            while self._turn(control):
                control.renew()
                after_turn()
        finally:
            control.let_go()

    def _turn(self, control: Control) -> bool:
        """Take one event, or let time pass; False when the loop is to end."""
        try:
            event = self._inbox.get(timeout=self._patience(control))
        except Empty:
            event = TimePassed()
        if event is None:
            return False
        control.handle(event)
        return True

    def _patience(self, control: Control) -> float:
        """How long to wait for an event, in seconds."""
        if control.live:
            return self._until_renewal()
        due = control.deadline()
        if due is None:
            return LOOK_S
        return min(max((due - control.clock().mono_ms) / 1000, 0.0), LOOK_S)

    def _until_renewal(self) -> float:
        return RENEW_S - time.monotonic() % RENEW_S
