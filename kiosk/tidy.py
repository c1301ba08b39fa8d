"""Gives back the memory of screens that are over: Python's collector finds a screen's widgets late, for they point at
one another, and the C library keeps what is free."""

import ctypes
import gc
from contextlib import suppress

EVERY_S = 60.0
"""How often, while nobody is there."""


def tidy() -> None:
    """Collect now, and hand free pages back to the system where its C library can."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
