"""Gives back the memory of screens that are over, and keeps Python from looking for it while somebody is there.

A screen's widgets point at one another, so Python's collector finds them late, and stops everything for a tenth of
a second when it goes through the whole program; the C library keeps what is free.
"""

import ctypes
import gc
from contextlib import suppress

EVERY_S = 60.0
"""How often, while nobody is there."""


def settle() -> None:
    """What was made until now is there to stay: the collector need not look at it again."""
    gc.enable()
    gc.freeze()


def tidy() -> None:
    """Collect now, and hand free pages back to the system where its C library can.

    What had settled is looked at too: a screen from right to left leaves those from left to right behind.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
