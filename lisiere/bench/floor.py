"""The least a tap could need: an indexed look-up, one durable row, and the pin of a relay."""

import sqlite3
import time
from pathlib import Path

from hardware.pins import factory
from hardware.relay.gpio import GpioRelay

BOOKINGS = 1_000
ROW = '{"badge": "04A1B2C3D4E5F6", "member": "ana", "outcome": "granted", "reason": "booking", "booking": "b1"}'


def durable(path: Path) -> sqlite3.Connection:
    """A new database in which a commit is on disk when it returns (WAL, FULL)."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class BareTap:
    """A tap without a product around it."""

    def __init__(self, path: Path) -> None:
        self._database = durable(path)
        self._database.execute(
            "CREATE TABLE bookings (machine TEXT, badge TEXT, start REAL, end REAL,"
            " PRIMARY KEY (machine, badge, start))"
        )
        self._database.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, at REAL, row TEXT)")
        now = time.time()
        self._database.executemany(
            "INSERT INTO bookings VALUES ('m', ?, ?, ?)",
            [(f"badge-{n}", now - 60, now + 86_400) for n in range(BOOKINGS)],
        )
        self._relay = GpioRelay(27, pin_factory=factory(mock=True))

    def on(self, number: int) -> None:
        """Look the badge up, log it durably, switch the relay on."""
        now = time.time()
        found = self._database.execute(
            "SELECT end FROM bookings WHERE machine = 'm' AND badge = ? AND start <= ? ORDER BY start DESC LIMIT 1",
            (f"badge-{number % BOOKINGS}", now),
        ).fetchone()
        if found[0] > now:
            self._database.execute("INSERT INTO log (at, row) VALUES (?, ?)", (now, ROW))
            self._relay.on()

    def off(self) -> None:
        """Switch the relay off."""
        self._relay.off()

    def close(self) -> None:
        """Let go of pin and file."""
        self._relay.close()
        self._database.close()
