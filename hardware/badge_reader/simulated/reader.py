"""A reader without any hardware: the driver taps."""

from collections.abc import Callable

from hardware.badge_reader.reading import Reading


class SimulatedReader:
    """See the module."""

    def __init__(self) -> None:
        self._lost = False

    def start(self, on_reading: Callable[[Reading], None], on_lost: Callable[[bool], None]) -> None:
        """Begin; the callbacks come from the thread that calls `tap`, `lose` and `restore`."""
        self._on_reading, self._on_lost = on_reading, on_lost

    def tap(self, uid: str) -> None:
        """Show a badge and take it away; a lost reader reads none. ValueError for what is no badge number."""
        reading = Reading(uid)
        if not self._lost:
            self._on_reading(reading)

    def lose(self) -> None:
        """Unplug the reader."""
        self._lost = True
        self._on_lost(True)

    def restore(self) -> None:
        """Plug the reader in again."""
        self._lost = False
        self._on_lost(False)

    def close(self) -> None:
        """End; safe to call twice."""
        self._lost = True
