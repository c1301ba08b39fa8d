"""The relay through gpiozero and lgpio on a real /dev/gpiochip0, in a kernel that simulates one (gpio-sim)."""

import os
import sys
from importlib.util import find_spec

import pytest

from tests.durability.guest import HOUSE, powered

KERNEL = HOUSE / "build" / "gpio" / "linux"
"""No Debian kernel has gpio-sim; this one is built by tools/gpio-kernel."""
ZERO_2_W = "Revision : 902120"
INIT = """#!/bin/sh
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t tmpfs tmp /mnt || exit 1
mount -t configfs config /sys/kernel/config || exit 1
cd /sys/kernel/config/gpio-sim && mkdir -p pi/bank0 || exit 1
echo 54 > pi/bank0/num_lines && echo pinctrl-bcm2835 > pi/bank0/label && echo 1 > pi/live || exit 1
echo '{revision}' > /mnt/cpuinfo && mount --bind /mnt/cpuinfo /proc/cpuinfo || exit 1
cd '{house}' && export TMPDIR=/mnt PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='{path}'
exec '{python}' -m tests.hardware.on_a_gpiochip
"""
BOUND_MS = 600


def why_not() -> str:
    """Why there is no such chip here; empty where there is one."""
    if not KERNEL.exists():
        return "no kernel with gpio-sim is at hand: tools/gpio-kernel builds one, in ten minutes, on amd64"
    return "" if find_spec("lgpio") else "lgpio is not installed here"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the guest said: the words behind each first word."""
    if why := why_not():
        pytest.skip(why)
    init = INIT.format(revision=ZERO_2_W, house=HOUSE, python=sys.executable, path=os.pathsep.join(sys.path))
    heard: dict[str, list[str]] = {}
    with powered(tmp_path_factory.mktemp("gpio"), init, str(KERNEL)) as life:
        for line in life.lines():
            word, *rest = line.split() or [""]
            heard[word] = rest
            if word == "end":
                return heard
        raise AssertionError(f"the guest died by itself: {life.last_words}")


def test_the_pin_does_what_the_relay_says(said: dict[str, list[str]]) -> None:
    """The chip's pin is low at first, high while the relay is on, and low when it is off or given back."""
    assert (said["first"], said["on"], said["off"]) == (["0"], ["1", "True"], ["0", "False"])
    assert said["closed"] == ["0"]


def test_a_hold_runs_out_on_the_real_pin(said: dict[str, list[str]]) -> None:
    """A keeper that hears nothing more lets go of the pin in time; a killed one leaves it low on this kernel."""
    assert said["held"] == ["1"] and said["silent"][0] == "0" and said["killed"] == ["0"]
    assert int(said["silent"][1]) < BOUND_MS


def test_edges_come_from_the_real_chip(said: dict[str, list[str]]) -> None:
    """A stop whose wire is open at first, then closed, pressed and released, is told by the chip's own events."""
    assert said["estop"] == ["True", "False", "True", "False"]
