"""The simulated board against the firmware's own law: the same story has the same end on both."""

import ctypes
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_bridge.registers import CLEAR_WORD
from firmware_bridge.session import Refused
from firmware_bridge.simulated import SimulatedBoard
from tests.firmware_bridge import building, frames

Step = tuple[str, int]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 700)),
        st.tuples(st.just("arm"), st.integers(0, 3)),
        st.tuples(st.just("hold"), st.integers(-1, 2)),
        st.tuples(st.sampled_from(["let go", "clear", "press", "release", "weld", "free"]), st.just(0)),
    ),
    max_size=30,
)


class Firmware:
    """The portable part, with a contactor that follows or is welded."""

    def __init__(self) -> None:
        self._law = building.portable()
        self._law.portable_start()
        self._welded = self._stop = 0

    def pass_ms(self, ms: int) -> None:
        """Time passes."""
        for _ in range(ms):
            live = int(bool(self._welded) or frames.quantities(self.ask(frames.read_input()))["state"] == 1)
            self._law.portable_wires(live, self._stop, 0, 0)
            self._law.portable_pass(1)

    def ask(self, frame: bytes) -> bytes:
        """The answer to a frame."""
        answer = ctypes.create_string_buffer(64)
        count = self._law.portable_say(frame, len(frame), answer)
        return answer.raw[:count]

    def set(self, stop: int | None = None, welded: int | None = None) -> None:
        """Move the wires; debounced by the next millisecond steps."""
        self._stop = self._stop if stop is None else stop
        self._welded = self._welded if welded is None else welded


def refused(act: Callable[[], None]) -> int:
    """The code of a refusal, or 0."""
    try:
        act()
    except Refused as refusal:
        return int(refusal.code)
    return 0


@settings(max_examples=60, deadline=None)
@given(STEPS)
@example([("arm", 1), ("hold", 1), ("let go", 0)] * 8)
def test_the_simulated_board_obeys_the_firmwares_law(steps: list[Step]) -> None:
    """Whatever is written, pressed and welded, state, sequence and every refusal are those of the firmware."""
    clock = [0]
    simulated, firmware = SimulatedBoard(lambda: clock[0]), Firmware()

    def pass_both(ms: int) -> None:
        for _ in range(ms):
            clock[0] += 1
            assert simulated.live in (True, False)
        firmware.pass_ms(ms)

    pass_both(60)
    for what, number in steps:
        match what:
            case "pass":
                pass_both(number)
            case "arm":
                code = frames.refusal(firmware.ask(frames.arm(number)))
                assert refused(lambda n=number: simulated.arm(n)) == code  # type: ignore[misc]
            case "hold":
                sequence = (simulated.read().sequence + number) % 65_536
                code = frames.refusal(firmware.ask(frames.hold(400, sequence)))
                assert refused(lambda n=sequence: simulated.hold(400, n)) == code  # type: ignore[misc]
            case "let go":
                firmware.ask(frames.write(0, 0))
                simulated.let_go()
            case "clear":
                code = frames.refusal(firmware.ask(frames.write(2, CLEAR_WORD)))
                assert refused(simulated.clear) == code
            case "press" | "release":
                firmware.set(stop=int(what == "press"))
                simulated.estop(what == "press")
            case "weld" | "free":
                welded = what == "weld" and simulated.live
                firmware.set(welded=int(welded))
                simulated.weld(welded)
        pass_both(60)
        said = frames.quantities(firmware.ask(frames.read_input()))
        reading = simulated.read()
        assert (said["state"], said["sequence"]) == (reading.state, reading.sequence)
