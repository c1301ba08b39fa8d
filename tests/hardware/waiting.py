"""Waiting for what another thread or process does: looking, with a generous deadline, not sleeping it out."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

DEADLINE_S = 30.0
LOOK_EVERY_S = 0.01


def eventually(holds: Callable[[], bool]) -> None:
    """Return once `holds()`; fail after half a minute."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(LOOK_EVERY_S)


@contextmanager
def running(command: Sequence[str], pass_fds: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A program whose output can be read, killed at the end whatever happened."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=pass_fds) as process:
        try:
            yield process
        finally:
            process.kill()
