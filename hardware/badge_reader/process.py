"""The reader's own process: senses badges and says so, until the reader or the parent is gone.

    python -m hardware.badge_reader.process PATH

It is a process, not a thread, because nfcpy can block for ever, and only a process can be ended from outside.
It keeps no keys: it asks the parent for the one of the card that lies on the reader.
"""

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from hardware.badge_reader.keys import CardKey, KeyFor
from hardware.badge_reader.lines import Line, Said, key_of
from hardware.badge_reader.paths import open
from hardware.badge_reader.port import BadgeReader
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.reading import ReaderGoneError
from hardware.badge_reader.tap import turn

PAUSE_S = 0.01
ALIVE_EVERY_S = 1.0
TEST_EVERY_S = 60.0
KEY_WITHIN_S = 1.0

Say = Callable[[Line], None]


def main() -> int:
    """Run the reader named on the command line. Returns 1 when it is gone."""
    logging.getLogger("nfc").setLevel(logging.CRITICAL)  # what goes wrong is said in a line
    say, keys = _private_output(), Keys()
    Thread(target=keys.listen, daemon=True).start()
    try:
        reader = open(sys.argv[1])
        say(Line(Said.FOUND, reader.name))
        _sense_for_ever(reader, say, lambda uid: keys.asked(uid, say))
    except (ReaderGoneError, ValueError) as gone:
        say(Line(Said.GONE, str(gone)))
    return 1


def _sense_for_ever(reader: BadgeReader, say: Say, key_for: KeyFor) -> None:
    presence, alive, test = Presence(), Every(ALIVE_EVERY_S), Every(TEST_EVERY_S)
    while True:
        now = time.monotonic()
        if test.due(now):
            reader.test()
        if alive.due(now):
            say(Line(Said.ALIVE))
        sense_once(reader, presence, say, key_for)
        time.sleep(PAUSE_S)


class Every:
    """What is due at once, and again each time that so many seconds have passed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: float | None = None

    def due(self, now: float) -> bool:
        """True when it is time; `now` is in seconds on any one monotonic clock."""
        if self._next is not None and now < self._next:
            return False
        self._next = now + self._seconds
        return True


def sense_once(reader: BadgeReader, presence: Presence, say: Say, key_for: KeyFor) -> None:
    """Say `sensed` and then `read` for a badge that was placed since the last turn."""
    reading = turn(reader, presence, key_for, lambda: say(Line(Said.SENSED)))
    if reading is not None:
        say(Line(Said.READ, reading.to_json()))


class Keys:
    """The parent's answers, on standard input. Its end is the parent's, and this process's with it."""

    def __init__(self) -> None:
        self._answers: SimpleQueue[bytes] = SimpleQueue()

    def listen(self) -> None:
        """Take answers in until the parent ends, on a thread of its own."""
        for line in sys.stdin.buffer:
            self._answers.put(line)
        os._exit(0)

    def asked(self, uid: str, say: Say) -> CardKey | None:
        """The key of a card; None where there is none, or where the parent takes too long."""
        say(Line(Said.ASKED, uid))
        with suppress(Empty):
            while True:
                whose, key = key_of(self._answers.get(timeout=KEY_WITHIN_S))
                if whose == uid:
                    return key
        return None


def _private_output() -> Say:
    """A way to write to standard output that no library disturbs: what they print goes to standard error."""
    output = os.dup(1)
    os.dup2(2, 1)
    return lambda line: _write(output, line)


def _write(output: int, line: Line) -> None:
    os.write(output, line.encode())


if __name__ == "__main__":
    sys.exit(main())
