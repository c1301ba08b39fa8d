"""Modbus frames as the tests send them, with the checksum of an independent library."""

import struct

from pymodbus.framer import FramerRTU

from firmware_bridge.registers import ADDRESS, HOLDING, INPUT, decoded, words_of


def framed(body: bytes) -> bytes:
    """A frame: its body, and the checksum of pymodbus behind it."""
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def hold(hold_ms: int, sequence: int) -> bytes:
    """Hold the relay closed."""
    return framed(struct.pack(">BBHHBHH", ADDRESS, 16, 0, 2, 4, hold_ms, sequence))


def write(number: int, value: int) -> bytes:
    """Write one register."""
    return framed(struct.pack(">BBHH", ADDRESS, 6, number, value))


def arm(sequence: int) -> bytes:
    """Arm the board."""
    return write(1, sequence)


def read_input() -> bytes:
    """Read all input registers."""
    return framed(struct.pack(">BBHH", ADDRESS, 4, 0, words_of(INPUT)))


def read_holding() -> bytes:
    """Read all holding registers."""
    return framed(struct.pack(">BBHH", ADDRESS, 3, 0, words_of(HOLDING)))


def quantities(answer: bytes) -> dict[str, int]:
    """What an answer to `read_input` or `read_holding` says, by name."""
    assert framed(answer[:-2]) == answer, answer.hex()
    table = INPUT if answer[1] == 4 else HOLDING
    words = list(struct.unpack(f">{words_of(table)}H", answer[3:-2]))
    return decoded(table, words)


def refusal(answer: bytes) -> int:
    """The exception code in an answer; 0 where there is none."""
    assert framed(answer[:-2]) == answer, answer.hex()
    return answer[2] if answer[1] & 0x80 else 0
