"""What a bad card does to a journal."""

import sqlite3
from pathlib import Path


def spoil(unit: Path, seq: int, part: str = "hash FROM rows") -> None:
    """Overwrite the page on which a row, or the name beside it, lies, as a bad card would."""
    path = unit / "journal.db"
    raw = bytearray(path.read_bytes())
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT {part} WHERE seq = ?", (seq,)).fetchone()[0]
    connection.close()
    page = raw.index(found.encode()) // 4096 * 4096
    raw[page : page + 4096] = b"\xa5" * 4096
    path.write_bytes(bytes(raw))
