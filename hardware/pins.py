"""Which pin factory gpiozero uses: named, so that it neither searches for one nor falls back on another."""

import os
import tempfile
from typing import Any

PULLED_UP_AT_BOOT = 8
"""GPIO 0 to 8 are high while a Pi boots: what hangs on them would be on before any program runs."""


def factory(mock: bool) -> Any:
    """A pin factory: gpiozero's mock, or lgpio on this Pi's own pins.

    Raises ImportError without lgpio, and gpiozero's or lgpio's own error where there are no such pins.
    """
    if mock:
        from gpiozero.pins.mock import MockFactory

        return MockFactory()
    os.environ.setdefault("LG_WD", tempfile.gettempdir())  # lgpio makes FIFOs in its working directory
    from gpiozero.pins.lgpio import LGPIOFactory

    return LGPIOFactory()


def output_pin(number: int) -> int:
    """The number itself; ValueError for a pin that is pulled up while the Pi boots."""
    if number <= PULLED_UP_AT_BOOT:
        raise ValueError(f"GPIO {number} is high while the Pi boots: take one above {PULLED_UP_AT_BOOT}")
    return number
