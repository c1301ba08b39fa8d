"""A reader's process that taps when it is told to, and says at which moment it did.

    python -m lisiere.bench.reader SOCKET

Its standard output is that of `hardware.badge_reader.process`, so the unit's own supervisor runs it. A line on
the socket is a badge's number; the answer is the monotonic nanosecond just before the reader's line was written.
"""

import os
import socket
import sys
import time
from select import select

from hardware.badge_reader.lines import Line, Said
from hardware.badge_reader.reading import Reading

ALIVE_EVERY_S = 1.0


def main() -> int:
    """Tap until the other end of the socket is gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(sys.argv[1])
        while True:
            if not select([line], [], [], ALIVE_EVERY_S)[0]:
                os.write(1, Line(Said.ALIVE).encode())
                continue
            told = line.recv(256)
            if not told:
                return 0
            line.sendall(f"{_tap(told.decode().strip())}\n".encode())


def _tap(number: str) -> int:
    sensed, read = Line(Said.SENSED).encode(), Line(Said.READ, Reading(number).to_json()).encode()
    at = time.monotonic_ns()
    os.write(1, sensed)
    os.write(1, read)
    return at


if __name__ == "__main__":
    sys.exit(main())
