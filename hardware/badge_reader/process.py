"""The reader's own process: senses badges and says so, until the reader or the parent is gone.

    python -m hardware.badge_reader.process PATH

It is a process, not a thread, because nfcpy can block for ever, and only a process can be ended from outside.
"""

import os
import sys
import time
from collections.abc import Callable
from threading import Thread

from hardware.badge_reader import nfc
from hardware.badge_reader.lines import Line, Said
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.reading import ReaderGoneError

PAUSE_S = 0.01
ALIVE_EVERY_S = 1.0

Say = Callable[[Line], None]


def main() -> int:
    """Run the reader named on the command line. Returns 1 when it is gone."""
    Thread(target=_end_with_parent, daemon=True).start()
    say = _private_output()
    try:
        _sense_for_ever(nfc.open(sys.argv[1]), say)
    except ReaderGoneError as gone:
        say(Line(Said.GONE, str(gone)))
    return 1


def _sense_for_ever(reader: nfc.NfcReader, say: Say) -> None:
    presence, alive = Presence(), 0.0
    while True:
        now = time.monotonic()
        if now >= alive + ALIVE_EVERY_S:
            say(Line(Said.ALIVE))
            alive = now
        sense_once(reader, presence, say)
        time.sleep(PAUSE_S)


def sense_once(reader: nfc.NfcReader, presence: Presence, say: Say) -> None:
    """Say `sensed` and then `read`: a badge that can prove more than its number would be asked in between."""
    reading = reader.sense()
    if reading is not None and presence.placed(reading, time.monotonic()):
        say(Line(Said.SENSED))
        say(Line(Said.READ, reading.uid))


def _private_output() -> Say:
    """A way to write to standard output that no library disturbs: what they print goes to standard error."""
    output = os.dup(1)
    os.dup2(2, 1)
    return lambda line: _write(output, line)


def _write(output: int, line: Line) -> None:
    os.write(output, line.encode())


def _end_with_parent() -> None:
    """Nothing is ever written to standard input: it ends when the parent does, and this process with it."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
