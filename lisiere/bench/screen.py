"""A screen that nobody sees: an X server in memory, a finger on it (XTEST), and its pixels as they are shown."""

import mmap
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from lisiere.demo.processes import DemoError

SIZE = (1280, 800)
LOOK_S = 0.0005

PRESS, RELEASE, MOVE = 4, 5, 6
QUERY_EXTENSION, FAKE_INPUT, INPUT_FOCUS = 98, 2, 43

Area = tuple[int, int, int, int]
"""x, y, width and height in pixels, from the top left."""


class Screen:
    """See the module."""

    def __init__(self, parts: ExitStack) -> None:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="lisiere-screen-")))
        depth = f"{SIZE[0]}x{SIZE[1]}x24"
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", depth, "-nolisten", "tcp", "-fbdir", str(folder)]
        try:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except FileNotFoundError:
            raise DemoError("there is no Xvfb here: type make setup") from None
        parts.callback(server.wait)
        parts.callback(server.terminate)
        assert server.stdout is not None
        number = server.stdout.readline().strip()
        if not number:
            raise DemoError("Xvfb did not start")
        self.display = f":{number}"
        self._pixels = _Pixels(folder / "Xvfb_screen0", parts)
        self._finger = _Finger(number, parts)
        self._program: subprocess.Popen[str] | None = None

    def belongs_to(self, program: "subprocess.Popen[str]") -> None:
        """The program that shows itself here: while it lives, what is waited for may still come."""
        self._program = program

    def press(self, x: int, y: int) -> float:
        """Put a finger down; the monotonic second."""
        self._finger.send(MOVE, 0, x, y)
        at = time.monotonic()
        self._finger.send(PRESS, 1, 0, 0)
        return at

    def lift(self) -> float:
        """Take it away; the monotonic second."""
        at = time.monotonic()
        self._finger.send(RELEASE, 1, 0, 0)
        return at

    def rows(self, area: Area) -> list[bytes]:
        """Some rows of what is shown there."""
        return self._pixels.rows(area)

    def await_change(self, area: Area, before: list[bytes], share: float) -> float:
        """Wait until so great a share of the rows differs from what was before; the monotonic second."""
        return self.wait(
            lambda: (
                sum(now != was for now, was in zip(self.rows(area), before, strict=True))
                >= max(1, share * len(before))
            )
        )

    def wait(self, seen: Callable[[], bool]) -> float:
        """Wait until something is seen, as long as it takes; the monotonic second. DemoError if it cannot come."""
        while not seen():
            if self._program is not None and self._program.poll() is not None:
                raise DemoError(f"the program on the screen ended with status {self._program.returncode}")
            time.sleep(LOOK_S)
        return time.monotonic()


class _Pixels:
    """The X server's frame buffer, which it keeps in a file in the format of xwd."""

    EVERY = 20
    """One row of so many is looked at."""

    def __init__(self, path: Path, parts: ExitStack) -> None:
        file = parts.enter_context(path.open("rb"))
        self._memory = parts.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        header = struct.unpack(">25I", self._memory[:100])
        self._start, self._line = header[0] + header[19] * 12, header[12]

    def rows(self, area: Area) -> list[bytes]:
        x, y, width, height = area
        starts = (self._start + row * self._line + x * 4 for row in range(y, y + height, self.EVERY))
        return [self._memory[start : start + width * 4] for start in starts]


class _Finger:
    """A client of the X server that can do one thing: pretend that somebody touched."""

    def __init__(self, display: str, parts: ExitStack) -> None:
        self._line = parts.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        self._line.connect(f"/tmp/.X11-unix/X{display}")
        self._line.sendall(struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0))
        status, length = struct.unpack("<B5xH", self._read(8))
        self._read(length * 4)
        if status != 1:
            raise DemoError("the X server lets nobody touch its screen")
        name = b"XTEST"
        self._line.sendall(struct.pack("<BxHHxx5s3x", QUERY_EXTENSION, 4, len(name), name))
        present, self._xtest = struct.unpack("<8xBB22x", self._read(32))
        if not present:
            raise DemoError("the X server has no XTEST")

    def send(self, kind: int, button: int, x: int, y: int) -> None:
        """One event, which the server has dealt with when this returns."""
        event = struct.pack("<BBxxIIxxxxxxxxhhxxxxxxxx", kind, button, 0, 0, x, y)
        self._line.sendall(struct.pack("<BBH", self._xtest, FAKE_INPUT, 9) + event)
        self._line.sendall(struct.pack("<BxH", INPUT_FOCUS, 1))
        self._read(32)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._line.recv(size - len(data))
            if not part:
                raise DemoError("the X server hung up")
            data += part
        return data
