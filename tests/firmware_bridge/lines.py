"""Lines to the board's unmodified program: one in lock-step, one in real time over a pseudo-terminal."""

import os
import pty
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Protocol

import pytest

from firmware_bridge import bridge
from firmware_bridge.registers import BAUD
from tests.firmware_bridge.lockstep import CYCLES_A_BYTE, Board

SILENCE_MS = 1.75
STEP_MS = 2
REQUEST_BYTES = 8
PATIENCE_S = 5.0
MOST_BEHIND_MS = 50
"""A computer that stood still for longer is no time that passed for the board."""


def nothing() -> None:
    """Nothing happens meanwhile."""


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bridge wait so long for an answer that a busy computer is no silent board."""
    monkeypatch.setattr(bridge, "TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(bridge, "BOUGHT_TIMEOUT_S", PATIENCE_S)


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
        self.meanwhile: Callable[[], None] = nothing

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
def terminal(board: Board, meanwhile: Callable[[], None] = nothing) -> Iterator[str]:
    """The path of a pseudo-terminal with the board behind it, which lives in real time until the end.

    `meanwhile` is called some hundred times a second, by the one thread that may touch the board.
    """
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    done = Event()
    thread = Thread(target=_live, args=(board, master, done, meanwhile))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        done.set()
        thread.join()
        os.close(master)
        os.close(slave)


class Answering(Protocol):
    """A bus at the other end of a line, whose requests are all eight bytes long."""

    def write(self, frame: bytes) -> int:
        """Take a request."""

    def read(self, count: int) -> bytes:
        """The answer."""


@contextmanager
def answering(bus: Answering) -> Iterator[str]:
    """The path of a pseudo-terminal with that bus behind it."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    done = Event()
    thread = Thread(target=_answer, args=(bus, master, done))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        done.set()
        thread.join()
        os.close(master)
        os.close(slave)


def _answer(bus: Answering, master: int, done: Event) -> None:
    heard = b""
    while not done.wait(STEP_MS / 2000):
        try:
            heard += os.read(master, 4096)
        except BlockingIOError:
            continue
        if len(heard) >= REQUEST_BYTES:
            bus.write(heard[:REQUEST_BYTES])
            os.write(master, bus.read(4096))
            heard = b""


def _live(board: Board, master: int, done: Event, meanwhile: Callable[[], None]) -> None:
    began = time.monotonic() * 1000 - board.ms
    while not done.is_set():
        try:
            board.send(os.read(master, 4096))
        except BlockingIOError:
            done.wait(STEP_MS / 2000)
        meanwhile()
        behind = time.monotonic() * 1000 - began - board.ms
        if behind > MOST_BEHIND_MS:
            began += behind - MOST_BEHIND_MS
        if behind > 0:
            board.run(min(behind, STEP_MS))
        if said := board.heard():
            os.write(master, said)
