"""Gives back the memory of screens that are over.

A screen's widgets point at one another, so Python's collector finds them late; the C library keeps what is free.
"""

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
