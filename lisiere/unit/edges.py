"""What hangs on a unit, made from its configuration: each edge only puts events on the unit's inbox."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from access.facts import Fact, FaultCleared
from access.people import Badge
from access.vocabulary import Fault
from controller.config import Board, Config, ConfigError, Pins
from controller.events import (
    BadgePresented,
    BoardChanged,
    ContactChanged,
    EstopChanged,
    Event,
    MotorChanged,
    ReaderChanged,
)
from controller.ports import Pattern
from firmware_bridge.bridge import Kind, opened
from firmware_bridge.output import BoardOutput
from hardware.badge_reader.keys import MACHINE_KEY
from hardware.badge_reader.supervisor import ReaderProcess, command_for
from hardware.indicator import GpioIndicator
from hardware.inputs import GpioInputs, Wiring
from hardware.relay.client import KeeperOutput
from hardware.relay.report import Report
from lisiere.badge.keys import KeysByTag
from server_sync.identity import badge_tag

Post = Callable[[Event], None]

log = logging.getLogger(__name__)

KEPT = "its keeper lets go half a second after the unit falls silent; see lisiere doctor for a killed keeper"


class Edges:
    """Reader, keeper or board, inputs and indicator of a unit, on real pins or on mock ones with a bench behind."""

    def __init__(self, config: Config, folder: Path) -> None:
        self._config = config
        self._tag_key = bytes.fromhex(config.tag_key)
        self._open = ExitStack()
        self._said: list[Callable[[Pattern], None]] = []
        self._reported: list[Callable[[Report], None]] = []
        self._board = _board_output(config.board) if config.board.port else None
        self._keeper = KeeperOutput(folder / config.relay.keeper)
        if self._board is None:
            log.info("relay on GPIO %d: %s", config.relay.pin, KEPT)
        self.output: KeeperOutput | BoardOutput = self._board or self._keeper
        self._pins = config.pins
        self._factory: Any = self._simulated(folder) if config.simulated.bench else _real_pins(config.pins)

    def _simulated(self, folder: Path) -> Any:
        from hardware.wires import Wires
        from lisiere.unit.bench_line import PINS, BenchLine

        self._pins = PINS if self._pins == Pins() else self._pins
        wires = Wires(_wiring(self._pins))
        bench = BenchLine(folder / self._config.simulated.bench, wires)
        self._said.append(lambda pattern: bench.say(pattern=pattern))
        self._reported.append(bench.report)
        return wires.factory

    def start(self, post: Post, badge_of: Callable[[str], Badge | None]) -> None:
        """Begin: every edge says how it stands, then what changes. `badge_of` finds a badge by its tag."""
        pins = self._pins
        inputs = GpioInputs(_wiring(pins), pin_factory=self._factory)
        inputs.start(
            lambda closed: post(ContactChanged(closed)),
            lambda pressed: post(EstopChanged(pressed)),
            lambda amps: post(MotorChanged(amps)),
        )
        self._open.callback(inputs.close)
        if pins.red and pins.green and pins.buzzer:
            indicator = GpioIndicator(pins.red, pins.green, pins.buzzer, pin_factory=self._factory)
            self._open.callback(indicator.close)
            self._said.append(indicator.show)
        self._start_output(post)
        reader = ReaderProcess(command_for(self._config.reader), KeysByTag(self._tag_key, badge_of, MACHINE_KEY))
        reader.start(
            lambda reading: post(BadgePresented(badge_tag(reading.uid, self._tag_key), strength=reading.worth)),
            lambda lost: post(ReaderChanged(lost)),
        )
        self._open.callback(reader.close)

    def told(self, fact: Fact) -> None:
        """The journal has a fact: when a technician's tap has cleared a weld, the board may forget it too."""
        if self._board is not None and fact == FaultCleared(Fault.RELAY_WELDED):
            self._board.clear_weld()

    def _start_output(self, post: Post) -> None:
        if self._board is None:
            self._keeper.start(lambda lost: post(BoardChanged(lost)), self._report)
        else:
            self._board.start(
                lambda lost: post(BoardChanged(lost)),
                lambda reading: None,
                on_contact=lambda closed: post(ContactChanged(closed)),
                on_estop=lambda pressed: post(EstopChanged(pressed)),
                on_amps=lambda amps: post(MotorChanged(amps)),
            )
        self._open.callback(self.output.close)

    def show(self, pattern: Pattern) -> None:
        """Show a pattern on whatever shows patterns here."""
        for show in self._said:
            show(pattern)

    def close(self) -> None:
        """End every edge, the last begun first."""
        self._open.close()

    def _report(self, report: Report) -> None:
        for heard in self._reported:
            heard(report)


def _board_output(board: Board) -> BoardOutput:
    """The output that a board keeps; ConfigError for a kind that there is not."""
    if board.kind not in list(Kind):
        raise ConfigError(f"[board] kind must be one of: {', '.join(Kind)}")
    kind = Kind(board.kind)
    if board.meter and kind is Kind.LISIERE:
        raise ConfigError("[board] meter is for a relay_board: a board of kind lisiere measures by itself")
    meter = f"; current and energy by the meter at address {board.meter}" if board.meter else ""
    log.info("board %s: %s%s", board.port, kind.safety, meter)
    return BoardOutput(lambda: opened(kind, board.port, board.meter))


def _wiring(pins: Pins) -> Wiring:
    return Wiring(pins.contact or None, pins.estop or None, pins.motor or None, pins.motor_amps)


def _real_pins(pins: Pins) -> Any:
    """The Pi's own pins; None where the unit has nothing on them."""
    if pins == Pins():
        return None
    from hardware.pins import factory

    return factory(mock=False)
