"""The relay's pin."""

from pathlib import Path
from threading import Thread

import pytest
from gpiozero.pins.mock import MockFactory

from hardware.clock import mono_ms
from hardware.pins import factory, output_pin
from hardware.relay.gpio import GpioRelay, PumpedRelay
from hardware.relay.keeper import Keeper, listening
from hardware.relay.report import Command, Order
from tests.hardware.keepers import connected, next_report

HOLD_MS = 500


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


def test_no_level_holds_a_pumped_relay() -> None:
    """Behind a charge pump only beats move the pin: without them it stays as it is, and off is low at once."""
    pins = MockFactory()
    relay = PumpedRelay(17, pin_factory=pins)
    relay.beat()
    relay.on()
    assert not pins.pin(17).state and relay.is_on
    for level in (True, False, True):
        relay.beat()
        assert pins.pin(17).state is level
    relay.off()
    relay.beat()
    assert not pins.pin(17).state and not relay.is_on


def test_a_keeper_beats_while_it_holds(tmp_path: Path) -> None:
    """A held pin goes up and down many times in its half second, then is low and stays so."""
    pins = MockFactory()
    relay = PumpedRelay(17, pin_factory=pins)
    with listening(tmp_path / "keeper") as listener:
        Thread(target=Keeper(relay, listener, HOLD_MS).run, daemon=True).start()
        with connected(tmp_path / "keeper") as client:
            client.send(Order(Command.ON, mono_ms()).packet())
            assert next_report(client, commanded=True).observed
            assert not next_report(client, commanded=False).observed
            edges = len(pins.pin(17).states)
            next_report(client, commanded=False)
    assert edges > 10 and not pins.pin(17).state and len(pins.pin(17).states) == edges
