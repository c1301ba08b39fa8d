"""Builds what these tests run: the firmware for its chip and for this computer, and the lock-step wrapper."""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FIRMWARE = HERE.parent.parent / "firmware_bridge" / "firmware"
STRICT = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")
PORTABLE = [FIRMWARE / name for name in ("hold.c", "modbus.c", "current.c", "store.c")]


@functools.cache
def folder() -> Path:
    """Where the builds of this run are; it goes with the process."""
    made = tempfile.TemporaryDirectory(prefix="lisiere-firmware-")
    _kept.append(made)
    return Path(made.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


@functools.cache
def elf() -> Path:
    """The board's program, as `make firmware` builds it."""
    if shutil.which("avr-gcc") is None:
        pytest.skip("avr-gcc is not installed: sudo apt-get install gcc-avr avr-libc")
    _run("make", "-s", "-C", FIRMWARE, f"OUT={folder()}")
    return folder() / "lisiere-board.elf"


@functools.cache
def lockstep() -> ctypes.CDLL:
    """The lock-step wrapper round libsimavr."""
    if not Path("/usr/include/simavr/sim_avr.h").exists():
        pytest.skip("simavr is not installed: sudo apt-get install libsimavr-dev libelf-dev")
    made = folder() / "lockstep.so"
    shared = ("-isystem", "/usr/include/simavr", "-shared", "-fPIC")
    _run("gcc", *STRICT, *shared, "-o", made, HERE / "lockstep.c", "-lsimavr", "-lelf")
    return ctypes.CDLL(str(made))


@functools.cache
def native() -> Path:
    """The trials on the portable part, as a program for this computer."""
    made = folder() / "trials"
    _run("gcc", *STRICT, "-I", FIRMWARE, "-o", made, HERE / "trials.c", *PORTABLE)
    return made


@functools.cache
def portable() -> ctypes.CDLL:
    """The portable part, with one board in it to talk to."""
    made = folder() / "portable.so"
    _run("gcc", *STRICT, "-I", FIRMWARE, "-shared", "-fPIC", "-o", made, HERE / "portable.c", *PORTABLE)
    return ctypes.CDLL(str(made))


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
