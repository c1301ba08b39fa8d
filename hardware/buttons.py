"""Two push buttons on a kiosk's own pins, for the spoken mode: each closes to ground."""

from collections.abc import Callable
from typing import Any

from gpiozero import Button

BOUNCE_S = 0.03


class GpioButtons:
    """The next thing, and this one. Callbacks run in gpiozero's thread and must only put something on a queue."""

    def __init__(self, next_pin: int, this_pin: int, *, pin_factory: Any = None) -> None:
        self._pins = next_pin, this_pin
        self._pin_factory = pin_factory
        self._buttons: list[Button] = []

    def start(self, on_next: Callable[[], None], on_this: Callable[[], None]) -> None:
        """Begin. Raises gpiozero's errors for a pin that cannot be had."""
        for pin, pressed in zip(self._pins, (on_next, on_this), strict=True):
            button = Button(pin, pull_up=True, bounce_time=BOUNCE_S, pin_factory=self._pin_factory)
            button.when_pressed = pressed
            self._buttons.append(button)

    def close(self) -> None:
        """Give the pins back; safe to call twice."""
        for button in self._buttons:
            button.close()
