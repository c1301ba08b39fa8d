"""The board's unmodified program in lock-step: a millisecond passes when a test says so, and not before."""

import ctypes
from dataclasses import dataclass

from tests.firmware_bridge import building, frames

CYCLES_A_MS = 16_000
CYCLES_A_BYTE = 16_000_000 * 10 // 117_647
BIAS_MV = 2500
ESTOP, MIRROR, BUSY, DOOR = 2, 3, 4, 5
ANSWER_MS = 12
START_MS = 60
STARTS_A_MINUTE = 7
POWER_ON, BROWN_OUT = 1, 4


@dataclass(frozen=True)
class Edge:
    """The relay changed."""

    ms: float
    closed: bool


class Board:
    """A new board with a contactor behind it, all at rest; `follow`: the contactor does what the relay does.

    It closes as often as it is asked to, unless it is told to be `as_new`.
    """

    def __init__(self, as_new: bool = False) -> None:
        self._chip = building.lockstep()
        self._chip.board_cycle.restype = ctypes.c_uint64
        self._chip.board_edge.restype = ctypes.c_uint64
        self._chip.board_run_to.argtypes = [ctypes.c_uint64]
        assert self._chip.board_start(str(building.elf()).encode()) == 0
        self.follow = True
        self.sequence = 0
        for bit in (ESTOP, MIRROR, DOOR):
            self.pin(bit, False)
        self.pin(BUSY, True)
        self._chip.board_clamp(BIAS_MV)
        self.run(START_MS)
        if not as_new:
            assert frames.refusal(self.ask(frames.write(STARTS_A_MINUTE, 0))) == 0

    @property
    def ms(self) -> float:
        """Its life so far."""
        return float(self._chip.board_cycle() / CYCLES_A_MS)

    @property
    def closed(self) -> bool:
        """Whether the relay's pin is high."""
        return bool(self._chip.board_relay())

    @property
    def changes(self) -> int:
        """How often the relay has changed so far."""
        return int(self._chip.board_edges())

    @property
    def edges(self) -> list[Edge]:
        """All changes of the relay so far."""
        level = ctypes.c_uint32()
        cycles = [(self._chip.board_edge(n, ctypes.byref(level)), level.value) for n in range(self.changes)]
        return [Edge(cycle / CYCLES_A_MS, bool(closed)) for cycle, closed in cycles]

    def run(self, ms: float) -> None:
        """Let it live on; a contactor follows within a millisecond."""
        end = self._chip.board_cycle() + round(ms * CYCLES_A_MS)
        while self._chip.board_cycle() < end:
            assert self._chip.board_run_to(min(end, self._chip.board_cycle() + CYCLES_A_MS))
            if self.follow:
                self.pin(MIRROR, self.closed)

    def run_cycles(self, cycles: int) -> None:
        """Let it live on by a few cycles."""
        assert self._chip.board_run_to(self._chip.board_cycle() + cycles)

    def pin(self, bit: int, open_wire: bool) -> None:
        """Open or close the wire on an input: open reads high."""
        self._chip.board_pin(bit, int(open_wire))

    def clamp(self, ms: float, level_mv: float) -> None:
        """Let it live on with a square wave of that amplitude on the clamp, at 50 Hz."""
        for half in range(int(ms / 10)):
            self._chip.board_clamp(round(BIAS_MV + (level_mv if half % 2 else -level_mv)))
            self.run(10)

    def send(self, frame: bytes) -> None:
        """Put bytes on the line; they take their time."""
        self._chip.board_send(frame, len(frame))

    def heard(self) -> bytes:
        """What the board has said since the last look."""
        buffer = ctypes.create_string_buffer(4096)
        count = self._chip.board_receive(buffer, len(buffer))
        return buffer.raw[:count]

    def ask(self, frame: bytes) -> bytes:
        """Send a frame, and wait for its answer."""
        self.heard()
        self.send(frame)
        self.run(ANSWER_MS)
        return self.heard()

    def read(self) -> dict[str, int]:
        """All input registers."""
        return frames.quantities(self.ask(frames.read_input()))

    def arm(self, sequence: int = 100) -> None:
        """Arm it; the next hold is the one after `sequence`."""
        assert frames.refusal(self.ask(frames.arm(sequence))) == 0
        self.sequence = sequence

    def hold(self, hold_ms: int = 500) -> int:
        """Hold the relay, as the next in sequence; the exception code."""
        self.sequence += 1
        return frames.refusal(self.ask(frames.hold(hold_ms, self.sequence)))

    def close_relay(self) -> None:
        """Arm it and hold it once."""
        self.arm()
        assert self.hold() == 0
        assert self.closed

    def hang(self, deaf: bool) -> None:
        """Stop the program where it is; with `deaf`, its interrupts too."""
        self._chip.board_hang(int(deaf))

    def mend(self) -> None:
        """Make the program whole again, for the start after the watchdog's."""
        self._chip.board_mend()

    def power_cycle(self, cause: int = POWER_ON) -> None:
        """Cut the supply and give it back at once: only the EEPROM is kept."""
        self._chip.board_power_cycle(cause)
