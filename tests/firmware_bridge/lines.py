"""Lines to the board's unmodified program: one in lock-step, one in real time over a pseudo-terminal."""

import os
import pty
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from firmware_bridge.registers import BAUD
from tests.firmware_bridge.lockstep import CYCLES_A_BYTE, Board

SILENCE_MS = 1.75
STEP_MS = 2


class LockstepLine:
    """A serial port whose time is the board's: writing and reading take as long as they would on the wire.

    `meanwhile` is called with every byte that the master waits for.
    """

    port = "lock-step"
    baudrate = BAUD
    timeout = 0.05
    is_open = True

    def __init__(self, board: Board) -> None:
        self._board = board
        self._unread = b""
        self.meanwhile: Callable[[], None] = lambda: None

    def open(self) -> None:
        """It is always open."""

    def close(self) -> None:
        """It stays open."""

    def reset_input_buffer(self) -> None:
        """Forget what was not read."""
        self._board.heard()
        self._unread = b""

    def reset_output_buffer(self) -> None:
        """Nothing waits."""

    def write(self, frame: bytes) -> int:
        """The silence between two frames, then the frame."""
        self._board.run(SILENCE_MS)
        self._board.send(frame)
        for _ in frame:
            self._pass()
        return len(frame)

    def read(self, count: int) -> bytes:
        """What has come, once it is enough or the time is over."""
        ends = self._board.ms + self.timeout * 1000
        while len(self._unread) < count and self._board.ms < ends:
            self._pass()
            self._unread += self._board.heard()
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _pass(self) -> None:
        self._board.run_cycles(CYCLES_A_BYTE)
        self.meanwhile()


@contextmanager
def terminal(board: Board) -> Iterator[str]:
    """The path of a pseudo-terminal with the board behind it, which lives in real time until the end."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    done = Event()
    thread = Thread(target=_live, args=(board, master, done))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        done.set()
        thread.join()
        os.close(master)
        os.close(slave)


def _live(board: Board, master: int, done: Event) -> None:
    began = time.monotonic() * 1000 - board.ms
    while not done.is_set():
        try:
            board.send(os.read(master, 4096))
        except BlockingIOError:
            done.wait(STEP_MS / 2000)
        behind = time.monotonic() * 1000 - began - board.ms
        if behind > 0:
            board.run(min(behind, STEP_MS))
        if said := board.heard():
            os.write(master, said)
