"""The current as the board reckons it from the samples of its clamp."""

import ctypes
import math

import pytest

from tests.firmware_bridge import building

STEP_MV = 5000 / 1024
CLAMP_MA = 30_000


def measured(amplitude: float, bias: float = 512.0, hertz: float = 50.0) -> int:
    """The milliamperes of a sine of so many steps on the converter."""
    wave = [round(bias + amplitude * math.sin(2 * math.pi * hertz * ms / 1000)) for ms in range(200)]
    return int(building.portable().portable_current((ctypes.c_uint16 * 200)(*wave), CLAMP_MA))


@pytest.mark.parametrize("amplitude", [5, 10, 50, 100, 250, 500])
@pytest.mark.parametrize("hertz", [50.0, 60.0])
def test_a_sine_is_measured(amplitude: int, hertz: float) -> None:
    """A sine reads as its root mean square, to 2 % and one step in ten."""
    expected = amplitude / math.sqrt(2) * STEP_MV * CLAMP_MA / 1000
    assert measured(amplitude, hertz=hertz) == pytest.approx(expected, rel=0.02, abs=60)


@pytest.mark.parametrize("bias", [0.0, 300.0, 511.4, 1023.0])
def test_a_steady_level_is_no_current(bias: float) -> None:
    """A clamp at rest reads nothing, wherever its rest is."""
    assert measured(0, bias) == 0
