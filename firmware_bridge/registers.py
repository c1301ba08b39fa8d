"""The board's Modbus registers, as one table: the bridge, the firmware and docs/board.md all follow it.

    python -m firmware_bridge.registers     prints firmware/registers.h
"""

from dataclasses import dataclass
from enum import IntEnum

ADDRESS = 1
BAUD = 115_200
IDENTITY = 0x4C53
"""What register 0 of every Lisière board says: "LS"."""
VERSION = 0x0101
"""Major and minor version of this table; a bridge talks to boards of its own major version only."""
HOLD_MS = 500
"""The longest hold that a board accepts, in milliseconds."""
CLEAR_WORD = 0xC1EA
"""What is written to `clear`, so that a stray value clears nothing."""
CONTACT_MS = 300
"""How long the mirror contact may disagree with the relay."""
CURRENT_MS = 2_000
"""How long a current may flow after the relay has opened."""
CAP_S = 14_400
"""The longest session that can be set, and the one set at first, in seconds."""
CLAMP_MA = 30_000
"""What the usual clamp measures at one volt, in milliamperes."""
MAINS_V = 230
STARTS = 6
"""How often the relay may close in any minute on a new board; MOST_STARTS can be set at most."""
MOST_STARTS = 12
MINUTE_MS = 60_000


class State(IntEnum):
    """What the board is doing. The relay is closed in CLOSED, and in no other state."""

    OPEN = 0
    CLOSED = 1
    DROPPED = 2
    ESTOP = 3
    WELDED = 4


class Reason(IntEnum):
    """Why the relay last opened."""

    START = 0
    OFF = 1
    SILENCE = 2
    ESTOP = 3
    NO_CONTACT = 4
    CAP = 5
    ARMED = 6


class Refusal(IntEnum):
    """Modbus exception codes, as this board uses them."""

    FUNCTION = 1
    ADDRESS = 2
    VALUE = 3
    UNSAFE = 4
    NOT_ARMED = 6


@dataclass(frozen=True, slots=True)
class Register:
    """One quantity: its first register, its name, how many it takes (high word first), and what it says."""

    number: int
    name: str
    words: int
    meaning: str


HOLDING = (
    Register(0, "hold_ms", 1, "milliseconds that the relay stays closed from now, at most 500; 0 opens it"),
    Register(1, "sequence", 1, "number of the hold, one more each time; written alone it arms the board"),
    Register(2, "clear", 1, "0xC1EA forgets a weld, once contact and current say that it is over; reads 0"),
    Register(3, "mirror", 1, "1 where the contactor's mirror contact is wired, 0 where there is none; first 1"),
    Register(4, "off_ma", 1, "milliamperes that mean power; 0 where there is no clamp; first 0"),
    Register(5, "cap_s", 1, "seconds after which the relay opens whatever is asked, at most 14400; first 14400"),
    Register(6, "clamp_ma", 1, "milliamperes that the clamp shows as one volt; first 30000"),
    Register(7, "starts_a_minute", 1, "closings that any minute may have, at most 12; 0 for any number; first 6"),
)

INPUT = (
    Register(0, "identity", 1, "0x4C53 on every Lisière board"),
    Register(1, "version", 1, "version of this table: major in the high byte, minor in the low"),
    Register(2, "state", 1, "0 open, 1 closed, 2 dropped, 3 emergency stop, 4 welded"),
    Register(3, "reason", 1, "opened by: 0 start, 1 off, 2 silence, 3 estop, 4 no contact, 5 cap, 6 armed"),
    Register(4, "sequence", 1, "number of the last hold taken, or the one it was armed with"),
    Register(5, "hold_left_ms", 1, "milliseconds until the relay opens; 0 while it is open"),
    Register(6, "contact", 1, "1 while the mirror contact says that the machine has power"),
    Register(7, "estop", 1, "1 while the emergency stop is pressed, or its wire is broken"),
    Register(8, "busy", 1, "1 while the machine says that it is in the middle of something"),
    Register(9, "door", 1, "1 while the door is open, or its wire is broken"),
    Register(10, "current_ma", 1, "milliamperes that the machine draws, over the last 200 ms"),
    Register(11, "energy_wh", 2, "watt-hours since the board was new, reckoned at 230 V"),
    Register(13, "reset_cause", 1, "of the last start: 1 power, 2 reset pin, 4 brown-out, 8 watchdog"),
    Register(14, "uptime_s", 2, "seconds since the last start"),
    Register(16, "since_ms", 2, "milliseconds since the state last changed"),
    Register(18, "closings", 2, "times that the relay closed since the board was new"),
    Register(20, "closed_s", 2, "seconds that the relay was closed since the board was new"),
    Register(22, "starts", 1, "times that the board started"),
    Register(23, "hangs", 1, "times that the watchdog started it"),
    Register(24, "silences", 1, "times that the relay opened because nobody held it"),
    Register(25, "welds", 1, "times that a weld was found"),
    Register(26, "bad_frames", 1, "frames with a wrong checksum since the last start"),
)

HOLD, SEQUENCE, CLEAR, FIRST_SETTING = 0, 1, 2, 3


def words_of(table: tuple[Register, ...]) -> int:
    """How many registers a table takes."""
    return table[-1].number + table[-1].words


def decoded(table: tuple[Register, ...], words: list[int]) -> dict[str, int]:
    """The quantities in a table's registers, by name."""
    return {
        register.name: _number(words[register.number : register.number + register.words]) for register in table
    }


def header() -> str:
    """The table as the firmware's C header."""
    constants = {
        "ADDRESS": ADDRESS,
        "IDENTITY": IDENTITY,
        "VERSION": VERSION,
        "HOLD_MS": HOLD_MS,
        "CLEAR_WORD": CLEAR_WORD,
        "CONTACT_MS": CONTACT_MS,
        "CURRENT_MS": CURRENT_MS,
        "CAP_S": CAP_S,
        "CLAMP_MA": CLAMP_MA,
        "MAINS_V": MAINS_V,
        "STARTS": STARTS,
        "MOST_STARTS": MOST_STARTS,
        "MINUTE_MS": MINUTE_MS,
        "HOLDING_COUNT": words_of(HOLDING),
        "INPUT_COUNT": words_of(INPUT),
    }
    lines = ["/* Made by: python -m firmware_bridge.registers */", "#ifndef REGISTERS_H", "#define REGISTERS_H", ""]
    lines += [f"#define {name} {value}u" for name, value in constants.items()]
    for kind in (State, Reason, Refusal):
        lines += ["", f"enum {kind.__name__.lower()} {{"]
        lines += [f"    {kind.__name__.upper()}_{member.name} = {member.value}," for member in kind]
        lines += ["};"]
    for prefix, table in (("HOLDING", HOLDING), ("INPUT", INPUT)):
        lines += ["", f"enum {prefix.lower()}_register {{"]
        lines += [f"    {prefix}_{register.name.upper()} = {register.number}," for register in table]
        lines += ["};"]
    return "\n".join([*lines, "", "#endif", ""])


def _number(words: list[int]) -> int:
    value = 0
    for word in words:
        value = value << 16 | word
    return value


if __name__ == "__main__":
    print(header(), end="")
