"""The kiosk's two buttons, on mock pins."""

from gpiozero.pins.mock import MockFactory

from hardware.buttons import GpioButtons


def test_each_button_says_that_it_was_pressed() -> None:
    """A press is told once, a release not at all, and nothing after the end."""
    pins, heard = MockFactory(), []
    buttons = GpioButtons(5, 6, pin_factory=pins)
    buttons.start(lambda: heard.append("next"), lambda: heard.append("this"))
    for number in (5, 6, 5):
        pins.pin(number).drive_low()
        pins.pin(number).drive_high()
    assert heard == ["next", "this", "next"]
    buttons.close()
    buttons.close()
    assert len(heard) == 3
