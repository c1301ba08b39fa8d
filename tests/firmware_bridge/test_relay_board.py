"""A bought relay board with a meter: timed orders kept as a hold, in a clock of the test's own."""

import struct

import pytest

from firmware_bridge.bridge import Kind, RelayBoard
from firmware_bridge.output import Conversation
from firmware_bridge.registers import Reason, Refusal, State
from firmware_bridge.session import Order, Refused
from tests.firmware_bridge.frames import framed

METER = 2
AMPS, KWH = 3.5, 1.25


class RelayLine:
    """A serial line with such a board on it, and a meter: function 5 at 0x0200 closes for tenths of a second."""

    port, baudrate, timeout, is_open = "relay", 9600, 0.15, True

    def __init__(self) -> None:
        self.now = 0
        self.until = 0
        self.orders: list[int] = []
        self._answer = b""

    @property
    def closed(self) -> bool:
        """Whether the coil is closed."""
        return self.now < self.until

    def open(self) -> None:
        """It is always open."""

    def close(self) -> None:
        """It stays open."""

    def reset_input_buffer(self) -> None:
        """Forget what was not read."""
        self._answer = b""

    def reset_output_buffer(self) -> None:
        """Nothing waits."""

    def write(self, frame: bytes) -> int:
        """Take a frame, and have the answer ready."""
        assert framed(frame[:-2]) == frame
        server, function, at, value = struct.unpack(">BBHH", frame[:-2])
        if (server, function) == (1, 5):
            self.orders.append(value if at == 0x0200 else 0)
            self.until = self.now + value * 100 if at == 0x0200 else 0
            self._answer = frame
        elif (server, function) == (1, 1):
            self._answer = framed(bytes([1, 1, 1, self.closed]))
        elif (server, function) == (METER, 4):
            self._answer = framed(bytes([METER, 4, 4]) + struct.pack(">f", {0x06: AMPS, 0x48: KWH}[at]))
        return len(frame)

    def read(self, count: int) -> bytes:
        """The answer."""
        return self._answer[:count]


@pytest.fixture
def line() -> RelayLine:
    """A line at rest."""
    return RelayLine()


def test_each_order_is_a_timed_one_and_none_is_repeated(line: RelayLine) -> None:
    """A hold closes the coil for what is left of half a second in whole tenths, once each time it is handed in."""
    talk = Conversation(RelayBoard(line, lambda: line.now), lambda: line.now)
    talk.look()
    line.orders.clear()
    for number in range(5):
        talk.obey(Order(number == 0, line.now - 30))
        line.now += 100
        assert line.closed
    assert line.orders == [4] * 5


def test_silence_opens_and_latches(line: RelayLine) -> None:
    """A coil that nobody holds opens in half a second, and no renewal closes it again."""
    talk = Conversation(RelayBoard(line, lambda: line.now), lambda: line.now)
    talk.look()
    talk.obey(Order(True, line.now))
    line.now += 500
    assert not line.closed
    assert talk.look().reason is Reason.SILENCE and talk.dropped
    talk.obey(Order(False, line.now))
    assert not line.closed


def test_it_must_be_armed(line: RelayLine) -> None:
    """A hold before a session has begun is refused, as our own board would."""
    with pytest.raises(Refused) as refused:
        RelayBoard(line, lambda: line.now).hold(500, 1)
    assert refused.value.code is Refusal.NOT_ARMED and line.orders == []


def test_the_meter_tells_current_and_energy(line: RelayLine) -> None:
    """What the meter measures is read as amperes and watt-hours; contact and stop nobody knows."""
    reading = RelayBoard(line, lambda: line.now, METER).read()
    assert (reading.state, reading.amps, reading.all["energy_wh"]) == (State.DROPPED, AMPS, 1250)
    assert reading.contact is None and reading.estop is None


def test_each_kind_says_how_safe_it_is() -> None:
    """Each kind of board tells what happens when the unit falls silent."""
    assert all("silence" in kind.safety or "ends by itself" in kind.safety for kind in Kind)
