"""A computer whose power can be cut: a User-Mode-Linux guest with an ext4 disk of its own.

The guest's root is this computer's, read-only, so that the code on it is the product's own. Killing the guest takes
its page cache along, as a cut takes a Pi's: of what it wrote, only what it had given to its disk is left.
"""

import os
import platform
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import pytest

HOUSE = Path(__file__).parent.parent.parent
SHIM = Path(__file__).with_name("wide_registers.c")
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
DISK_BYTES = 32 * 1024 * 1024
MOUNT = Path("/mnt")
PATIENCE_S = 120.0
INIT = """#!/bin/sh
mount -t proc proc /proc && mount -o noatime /dev/ubda {mount} || exit 1
cd '{house}' && TMPDIR={mount} PYTHONDONTWRITEBYTECODE=1 exec '{python}' -m {program}
"""


def why_not() -> str:
    """Why there can be no guest here; empty where there can."""
    if platform.machine() != "x86_64":
        return f"User-Mode-Linux runs on amd64 only, and this is {platform.machine()}"
    missing = {"linux.uml": "user-mode-linux", "mkfs.ext4": "e2fsprogs"}
    for command, package in missing.items():
        if shutil.which(command, path=_path()) is None:
            return f"{command} is not installed: sudo apt-get install {package}"
    return ""


@dataclass(frozen=True)
class Life:
    """The guest between two cuts."""

    process: subprocess.Popen[str]
    last_words: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    def lines(self) -> Iterator[str]:
        """What the guest says, line by line, as it comes, to its end; a half line that a cut left is no line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.last_words.append(line.strip())
                yield line.strip()

    def cut(self) -> None:
        """Take its power away."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Guest:
    """A guest with an empty disk. `folder`: where the disk and what it needs are; a path without blanks."""

    def __init__(self, folder: Path) -> None:
        if why := why_not():
            pytest.skip(why)
        self._folder = folder
        self._shim = folder / "wide_registers.so"
        _run(os.environ.get("CC", "gcc"), *FLAGS, "-o", self._shim, SHIM, "-ldl")
        self._disk = folder / "disk.ext4"
        with self._disk.open("wb") as disk:
            disk.truncate(DISK_BYTES)
        _run("mkfs.ext4", "-q", self._disk)

    @contextmanager
    def power(self, program: str) -> Iterator[Life]:
        """Power, and a program on it: a module of this house and its words. The power is cut at the end."""
        init = self._folder / "init"
        init.write_text(INIT.format(mount=MOUNT, house=HOUSE, python=sys.executable, program=program))
        init.chmod(0o755)
        command = ["linux.uml", "mem=192M", f"ubda={self._disk}", "rootfstype=hostfs", "ro", f"init={init}"]
        console = ["con=null", "con0=fd:0,fd:1", "quiet"]
        with subprocess.Popen(
            [*command, *console],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env={"PATH": _path(), "HOME": str(self._folder), "LD_PRELOAD": str(self._shim)},
            start_new_session=True,
        ) as process:
            life = Life(process)
            patience = Timer(PATIENCE_S, life.cut)
            patience.start()
            try:
                yield life
            finally:
                patience.cancel()
                life.cut()


def _path() -> str:
    """Where Debian has what only its administrator uses, too."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": _path()})
    assert done.returncode == 0, done.stdout + done.stderr
