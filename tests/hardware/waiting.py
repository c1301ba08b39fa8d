"""Waiting for what another thread or process does: looking, with a generous deadline, not sleeping it out."""

import time
from collections.abc import Callable

DEADLINE_S = 30.0
LOOK_EVERY_S = 0.01


def eventually(holds: Callable[[], bool]) -> None:
    """Return once `holds()`; fail after half a minute."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(LOOK_EVERY_S)
