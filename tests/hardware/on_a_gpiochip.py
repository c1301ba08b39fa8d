"""What runs in the guest of `test_gpiochip.py`: the relay, the keeper and the inputs on a real /dev/gpiochip0.

It says a line for each thing that it did: a word, and the level that the simulated chip itself shows for the pin.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hardware.clock import mono_ms
from hardware.inputs import GpioInputs, Wiring
from hardware.pins import factory
from hardware.relay.gpio import GpioRelay
from hardware.relay.report import Command, Order
from tests.hardware.keepers import connected

CHIP = Path("/sys/devices/platform/gpio-sim.0/gpiochip0")
RELAY, ESTOP = 17, 23
WORK = Path(os.environ["TMPDIR"])
PATIENCE_S = 20.0


def level(pin: int) -> str:
    """What the chip shows."""
    return (CHIP / f"sim_gpio{pin}" / "value").read_text().strip()


def pull(pin: int, way: str) -> None:
    """Pull a pin from outside: `pull-up` or `pull-down`."""
    (CHIP / f"sim_gpio{pin}" / "pull").write_text(way)


def say(*words: object) -> None:
    """A line on the console."""
    print(*words, flush=True)


def until(holds: Callable[[], bool]) -> None:
    """Wait for something; give up after a while, for the host to see."""
    ends = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < ends:
        time.sleep(0.005)


def relay() -> None:
    """The relay by itself."""
    pins = factory(mock=False)
    driven = GpioRelay(RELAY, pin_factory=pins)
    say("first", level(RELAY))
    driven.on()
    say("on", level(RELAY), driven.is_on)
    driven.off()
    say("off", level(RELAY), driven.is_on)
    driven.on()
    driven.close()
    say("closed", level(RELAY))
    pins.close()  # until then the chip keeps the line for this process


def keeper() -> None:
    """The keeper's own program: a hold that runs out; then the keeper is killed while it holds."""
    path = WORK / "keeper"
    command = [sys.executable, "-m", "hardware.relay.keeper", "--socket", str(path), "--pin", str(RELAY)]
    with subprocess.Popen(command) as process:
        until(path.exists)
        with connected(path) as client:
            began = mono_ms()
            client.send(Order(Command.ON, began).packet())
            until(lambda: level(RELAY) == "1")
            say("held", level(RELAY))
            until(lambda: level(RELAY) == "0")
            say("silent", level(RELAY), mono_ms() - began)
            client.send(Order(Command.ON, mono_ms()).packet())
            until(lambda: level(RELAY) == "1")
            process.send_signal(signal.SIGKILL)
            process.wait()
            say("killed", level(RELAY))


def inputs() -> None:
    """An emergency stop whose wire is open at first, then closed, pressed and released, by edges."""
    told: list[bool] = []
    watched = GpioInputs(Wiring(estop=ESTOP), pin_factory=factory(mock=False))
    watched.start(lambda _: None, told.append, lambda _: None)
    for way, pressed in (("pull-down", False), ("pull-up", True), ("pull-down", False)):
        pull(ESTOP, way)
        until(lambda wanted=pressed: told[-1] is wanted)  # type: ignore[misc]
    say("estop", *told)
    watched.close()


if __name__ == "__main__":
    relay()
    keeper()
    inputs()
    say("end")
    time.sleep(PATIENCE_S)
