"""The relay's pin."""

import pytest
from gpiozero.pins.mock import MockFactory

from hardware.pins import factory, output_pin
from hardware.relay.gpio import GpioRelay


def test_the_pin_is_driven_low_before_anything_else() -> None:
    """A pin that was left high by a killed keeper is low as soon as there is a relay on it."""
    pins = MockFactory()
    left_high = pins.pin(17)
    left_high.function = "output"
    left_high.state = True
    relay = GpioRelay(17, pin_factory=pins)
    assert not left_high.state and not relay.is_on


def test_on_is_high_and_off_is_low() -> None:
    """The pin is high while the relay is on, and low while it is off."""
    pins = MockFactory()
    relay = GpioRelay(17, pin_factory=pins)
    relay.on()
    assert pins.pin(17).state and relay.is_on
    relay.off()
    assert not pins.pin(17).state and not relay.is_on


def test_closing_opens_the_relay_first() -> None:
    """A relay that is closed while on goes low before its pin is given back; closing twice is harmless."""
    pins = MockFactory()
    relay = GpioRelay(17, pin_factory=pins)
    relay.on()
    relay.close()
    relay.close()
    assert [change.state for change in pins.pin(17).states] == [False, True, False]


@pytest.mark.parametrize("pin", range(9))
def test_a_pin_that_is_high_while_the_pi_boots_is_refused(pin: int) -> None:
    """Pins 0 to 8, which are pulled up before any program runs, can drive no output."""
    with pytest.raises(ValueError, match="high while the Pi boots"):
        output_pin(pin)


def test_the_mock_factory_needs_no_pi() -> None:
    """Simulated pins are to be had on any computer."""
    assert isinstance(factory(mock=True), MockFactory)
