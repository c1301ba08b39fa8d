"""A relay on one of the Pi's own pins, driven by its level, or by its toggling."""

from typing import Any

from gpiozero import OutputDevice

from hardware.pins import output_pin


class GpioRelay:
    """Closed while its pin is high, open otherwise, and open from its first moment.

    The relay board needs a pull-down of its own: `close` and the end of the process let go of the pin.
    """

    def __init__(self, pin: int, *, pin_factory: Any = None) -> None:
        """Drive the pin low. Raises ValueError for a pin that is high while the Pi boots."""
        self._device = OutputDevice(output_pin(pin), initial_value=False, pin_factory=pin_factory)

    def on(self) -> None:
        """Close the relay."""
        self._device.on()

    def off(self) -> None:
        """Open the relay."""
        self._device.off()

    def beat(self) -> None:
        """The keeper has taken a turn: a plain relay needs nothing of it."""

    @property
    def is_on(self) -> bool:
        """The level read back from the pin; not what was commanded when something else pulls on it."""
        return bool(self._device.value)

    def close(self) -> None:
        """Open the relay and give the pin back; safe to call twice."""
        if not self._device.closed:
            self._device.off()
        self._device.close()


class PumpedRelay(GpioRelay):
    """Closed while its pin goes up and down, through a charge pump (docs/wiring-sewing.md).

    Nothing but `beat` moves the pin: a keeper that hangs or is gone leaves a level, and no level holds.
    """

    _beating = False

    def on(self) -> None:
        """Close the relay, from the next beats on."""
        self._beating = True

    def off(self) -> None:
        """Open the relay."""
        self._beating = False
        super().off()

    def beat(self) -> None:
        """Toggle the pin, if the relay is to be closed."""
        if self._beating:
            self._device.toggle()

    @property
    def is_on(self) -> bool:
        """Whether the pin is being toggled."""
        return self._beating
