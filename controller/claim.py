"""One process writes a journal: the lock beside the file, held as long as the process lives.

Two minds for one machine would contradict each other; and SQLite 3.7.0 to 3.51.2 (but for 3.44.6 and 3.50.7) can
lose what two writers in WAL mode wrote at the same instant. The system lets go of the lock when the process dies.
"""

import fcntl
import os
from pathlib import Path

from controller.journal_file import JournalError


class Claim:
    """The lock `<file>.lock` of a journal. JournalError while another has it."""

    def __init__(self, journal: Path) -> None:
        path = journal.with_name(f"{journal.name}.lock")
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise JournalError(f"{journal}: another process writes this journal; end that unit first") from None

    def close(self) -> None:
        """Let go; safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
