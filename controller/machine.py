"""The law of one machine: its states, what may happen in each, and whether its output is live.

No I/O and no clock: `step` is a pure function of the state, an event and a `View` of the world. The laws:

- The output is live in `Running` and `Finishing` and nowhere else: `energised` is a function of the state.
- A machine begins `Idle`, and leaves it only on a granted tap whose decision is on disk (`Recorded`).
- Every run that was granted is closed by exactly one `RunClosed`.
- Turning off waits for nobody; nothing restarts by itself.
- `TABLE` and `IGNORED` together name every (state, event) pair; a test proves it.
"""

from collections.abc import Callable

from controller import inputs, taps
from controller.due import deadline, look_again
from controller.events import (
    BadgePresented,
    BoardChanged,
    ClockChanged,
    ContactChanged,
    DiskChanged,
    EstopChanged,
    MachineEvent,
    MotorChanged,
    NotRecorded,
    ReaderChanged,
    Recorded,
    StopAsked,
    TimePassed,
)
from controller.states import Finishing, Idle, Phase, Running, Starting, State, Step, View, energised

__all__ = ["IGNORED", "TABLE", "deadline", "energised", "step"]

Handler = Callable[[State, MachineEvent, View], Step]


def _typed(handler: Callable[..., Step]) -> Handler:
    return handler


TABLE: dict[tuple[type[Phase], type[MachineEvent]], Handler] = {
    (Idle, BadgePresented): _typed(taps.tap_idle),
    (Idle, MotorChanged): _typed(inputs.motor),
    (Idle, ContactChanged): _typed(inputs.contact),
    (Idle, EstopChanged): _typed(inputs.estop),
    (Idle, BoardChanged): _typed(inputs.board),
    (Idle, ReaderChanged): _typed(inputs.reader),
    (Idle, DiskChanged): _typed(inputs.disk),
    (Idle, ClockChanged): _typed(inputs.clock),
    (Idle, TimePassed): _typed(look_again),
    (Starting, MotorChanged): _typed(inputs.motor),
    (Starting, ContactChanged): _typed(inputs.contact),
    (Starting, EstopChanged): _typed(inputs.estop),
    (Starting, BoardChanged): _typed(inputs.board),
    (Starting, ReaderChanged): _typed(inputs.reader),
    (Starting, DiskChanged): _typed(inputs.disk),
    (Starting, ClockChanged): _typed(inputs.clock),
    (Starting, Recorded): _typed(taps.recorded),
    (Starting, NotRecorded): _typed(taps.not_recorded),
    (Starting, TimePassed): _typed(look_again),
    (Running, BadgePresented): _typed(taps.tap_running),
    (Running, MotorChanged): _typed(inputs.motor),
    (Running, ContactChanged): _typed(inputs.contact),
    (Running, EstopChanged): _typed(inputs.estop),
    (Running, BoardChanged): _typed(inputs.board),
    (Running, ReaderChanged): _typed(inputs.reader),
    (Running, DiskChanged): _typed(inputs.disk),
    (Running, ClockChanged): _typed(inputs.clock),
    (Running, StopAsked): _typed(taps.stop_asked),
    (Running, TimePassed): _typed(look_again),
    (Finishing, BadgePresented): _typed(taps.tap_running),
    (Finishing, MotorChanged): _typed(inputs.motor),
    (Finishing, ContactChanged): _typed(inputs.contact),
    (Finishing, EstopChanged): _typed(inputs.estop),
    (Finishing, BoardChanged): _typed(inputs.board),
    (Finishing, ReaderChanged): _typed(inputs.reader),
    (Finishing, DiskChanged): _typed(inputs.disk),
    (Finishing, ClockChanged): _typed(inputs.clock),
    (Finishing, StopAsked): _typed(taps.stop_asked),
    (Finishing, TimePassed): _typed(look_again),
}

IGNORED: frozenset[tuple[type[Phase], type[MachineEvent]]] = frozenset(
    {
        (Idle, Recorded),  # a grant that an emergency stop overtook cannot happen: it is closed on Recorded
        (Idle, NotRecorded),
        (Idle, StopAsked),  # nothing to stop
        (
            Starting,
            BadgePresented,
        ),  # the tap before is still on its way to the disk: a matter of milliseconds
        (Starting, StopAsked),
        (Running, Recorded),
        (Running, NotRecorded),
        (Finishing, Recorded),
        (Finishing, NotRecorded),
    }
)


def step(state: State, event: MachineEvent, view: View) -> Step:
    """What an event does to the machine. Pure."""
    key = (type(state.phase), type(event))
    handler = TABLE.get(key)
    if handler is None:
        assert key in IGNORED, f"{key} is neither handled nor ignored"
        return Step(state)
    return handler(state, event, view)
