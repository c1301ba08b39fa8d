"""The one file that opens a serial port: our own board, or a bought relay board with a meter, at its end."""

import math
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import minimalmodbus
import serial

from access.hold import Hold
from firmware_bridge.registers import (
    ADDRESS,
    BAUD,
    CLEAR,
    CLEAR_WORD,
    FIRST_SETTING,
    HOLD,
    HOLD_MS,
    HOLDING,
    INPUT,
    SEQUENCE,
    Reason,
    Refusal,
    State,
    decoded,
    words_of,
)
from firmware_bridge.session import Link, Reading, Refused, checked

BY_ID = Path("/dev/serial/by-id")
TIMEOUT_S = 0.05
BOUGHT_BAUD = 9_600
BOUGHT_TIMEOUT_S = 0.15
FLASH_ON = 0x0200
FLASH_UNIT_MS = 100
METER_CURRENT, METER_ENERGY = 0x0006, 0x0048


class Kind(StrEnum):
    """What is at the end of the line, and how safe it is."""

    LISIERE = "lisiere"
    RELAY_BOARD = "relay_board"

    @property
    def safety(self) -> str:
        """What happens when the unit falls silent, in a sentence."""
        if self is Kind.LISIERE:
            return "comm-timeout: the board lets go by itself after half a second of silence, and stays open"
        return (
            "timed: each order ends by itself, but nothing latches, no contact is checked, and nobody knows the "
            "relay board's firmware; not for a machine that can burn or crush"
        )


def found(port: str, folder: Path = BY_ID) -> str:
    """The device of a port: a path, or a part of its name under /dev/serial/by-id. OSError when it is not there."""
    if "/" in port:
        return port
    matches = sorted(folder.glob(f"*{port}*")) if folder.is_dir() else []
    if len(matches) != 1:
        what = "no port" if not matches else f"{len(matches)} ports"
        raise OSError(f"{what} named *{port}* in {folder}: see lisiere board --help")
    return str(matches[0])


def opened(kind: Kind, port: str, meter: int = 0) -> Link:
    """The board at a port. OSError when it cannot be opened."""
    ours = kind is Kind.LISIERE
    with _failing():
        line = serial.Serial(
            found(port),
            baudrate=BAUD if ours else BOUGHT_BAUD,
            timeout=TIMEOUT_S if ours else BOUGHT_TIMEOUT_S,
            write_timeout=TIMEOUT_S if ours else BOUGHT_TIMEOUT_S,
            exclusive=True,
        )
    return ModbusBoard(line) if ours else RelayBoard(line, _mono_ms, meter)


class ModbusBoard:
    """Our own board. `line` is an open serial port, or anything that writes and reads like one."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._server = minimalmodbus.Instrument(line, ADDRESS)

    def read(self) -> Reading:
        """Ask how things stand."""
        with _failing():
            words = self._server.read_registers(0, words_of(INPUT), functioncode=4)
        said = checked(decoded(INPUT, words))
        return Reading(
            State(said["state"]),
            Reason(said["reason"]),
            said["sequence"],
            bool(said["contact"]),
            bool(said["estop"]),
            said["current_ma"] / 1000,
            said,
        )

    def arm(self, sequence: int) -> None:
        """Open the relay and begin a session."""
        self._write(SEQUENCE, sequence)

    def hold(self, hold_ms: int, sequence: int) -> None:
        """Hold the relay closed from now on."""
        with _failing():
            self._server.write_registers(HOLD, [hold_ms, sequence])

    def let_go(self) -> None:
        """Open the relay."""
        self._write(HOLD, 0)

    def clear(self) -> None:
        """Forget a weld."""
        self._write(CLEAR, CLEAR_WORD)

    def settings(self) -> dict[str, int]:
        """The settings that the board keeps."""
        with _failing():
            words = self._server.read_registers(0, words_of(HOLDING), functioncode=3)
        settings = {register.name for register in HOLDING if register.number >= FIRST_SETTING}
        return {name: value for name, value in decoded(HOLDING, words).items() if name in settings}

    def set(self, name: str, value: int) -> None:
        """Change a setting, for good."""
        self._write(next(register.number for register in HOLDING if register.name == name), value)

    def close(self) -> None:
        """Give the line back; safe to call twice."""
        with _failing():
            self._line.close()

    def _write(self, number: int, value: int) -> None:
        with _failing():
            self._server.write_register(number, value, functioncode=6)


class RelayBoard:
    """A bought relay board whose coil can be told to close for a time, and an SDM120 meter on the same line.

    The latch that our own board has, such a board has not: it is kept here, by `access.hold`.
    """

    def __init__(self, line: Any, now: Callable[[], int], meter: int = 0) -> None:
        self._line = line
        self._now = now
        self._board = minimalmodbus.Instrument(line, ADDRESS)
        self._meter = minimalmodbus.Instrument(line, meter) if meter else None
        self._hold = Hold(HOLD_MS)
        self._armed = False
        self._sequence = 0
        self._reason = Reason.START

    def read(self) -> Reading:
        """Ask the coil and the meter."""
        with _failing():
            coil = bool(self._board.read_bit(0, functioncode=1))
            amps = None if self._meter is None else self._meter.read_float(METER_CURRENT, functioncode=4)
            energy = None if self._meter is None else self._meter.read_float(METER_ENERGY, functioncode=4)
        if not coil and self._hold.until is not None:
            self._hold, self._reason = self._hold.let_go(), Reason.SILENCE
        open_state = State.OPEN if self._armed else State.DROPPED
        measured = {} if energy is None or math.isnan(energy) else {"energy_wh": round(energy * 1000)}
        return Reading(State.CLOSED if coil else open_state, self._reason, self._sequence, amps=amps, all=measured)

    def arm(self, sequence: int) -> None:
        """Open the relay and begin a session."""
        self.let_go()
        self._sequence, self._armed = sequence, True

    def hold(self, hold_ms: int, sequence: int) -> None:
        """Close the coil for the whole tenths of a second in `hold_ms`; none is written for less."""
        if not (self._armed or self._hold.closed(self._now())):
            raise Refused(Refusal.NOT_ARMED)
        units = hold_ms // FLASH_UNIT_MS
        if units == 0:
            return
        self._hold, self._armed, self._sequence = self._hold.switch_on(self._now()), False, sequence
        with _failing():
            self._flash(units)

    def let_go(self) -> None:
        """Open the coil."""
        self._hold, self._armed, self._reason = self._hold.let_go(), False, Reason.OFF
        with _failing():
            self._board.write_bit(0, 0, functioncode=5)

    def clear(self) -> None:
        """There is no weld to forget: the board cannot tell one."""

    def close(self) -> None:
        """Give the line back; safe to call twice."""
        with _failing():
            self._line.close()

    def _flash(self, units: int) -> None:
        """Function 5 with a time where others have on or off, which is why no library's `write coil` will do."""
        payload = bytes([FLASH_ON >> 8, FLASH_ON & 0xFF, units >> 8, units & 0xFF])
        self._board._perform_command(5, payload)


@contextmanager
def _failing() -> Iterator[None]:
    """Everything that these libraries raise, as OSError: a port that is unplugged raises termios.error."""
    try:
        yield
    except minimalmodbus.SlaveReportedException as error:
        raise Refused(_code(error)) from error
    except (termios.error, ValueError, TypeError) as error:
        raise OSError(f"serial line: {error}") from error


def _code(error: Exception) -> Refusal:
    """Why the board refused; minimalmodbus has a class for each of the codes that a board of ours uses."""
    if isinstance(error, minimalmodbus.IllegalRequestError):
        return Refusal.VALUE
    return Refusal.NOT_ARMED if isinstance(error, minimalmodbus.SlaveDeviceBusyError) else Refusal.UNSAFE


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000
