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
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import pytest

HOUSE = Path(__file__).parent.parent.parent
SHIM = Path(__file__).with_name("wide_registers.c")
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
DISK_BYTES = 32 * 1024 * 1024
KERNEL = "linux.uml"
CONSOLE = ("con=null", "con0=fd:0,fd:1", "quiet")
MOUNT = Path("/mnt")
PATIENCE_S = 120.0
INIT = """#!/bin/sh
mount -t proc proc /proc && mount -o noatime /dev/ubda {mount} || exit 1
cd '{house}' && TMPDIR={mount} PYTHONDONTWRITEBYTECODE=1 exec '{python}' -m {program}
"""


def why_not() -> str:
    """Why there can be no guest with a disk here; empty where there can."""
    if platform.machine() != "x86_64":
        return f"User-Mode-Linux runs on amd64 only, and this is {platform.machine()}"
    for command, package in ((KERNEL, "user-mode-linux"), ("mkfs.ext4", "e2fsprogs")):
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


@contextmanager
def powered(folder: Path, init: str, kernel: str = KERNEL, disk: Path | None = None) -> Iterator[Life]:
    """Power for a guest whose first program is `init`, a shell script. The power is cut at the end.

    `folder`: what it needs is put there; a path without blanks.
    """
    shim, script = folder / "wide_registers.so", folder / "init"
    if not shim.exists():
        _run(os.environ.get("CC", "gcc"), *FLAGS, "-o", shim, SHIM, "-ldl")
    script.write_text(init)
    script.chmod(0o755)
    disks = [] if disk is None else [f"ubda={disk}"]
    command = [kernel, "mem=192M", *disks, "rootfstype=hostfs", "ro", f"init={script}", *CONSOLE]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env={"PATH": _path(), "HOME": str(folder), "LD_PRELOAD": str(shim)},
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


class Guest:
    """A guest with an empty disk, which is all that it keeps from one life to the next."""

    def __init__(self, folder: Path) -> None:
        if why := why_not():
            pytest.skip(why)
        self._folder = folder
        self._disk = folder / "disk.ext4"
        with self._disk.open("wb") as disk:
            disk.truncate(DISK_BYTES)
        _run("mkfs.ext4", "-q", self._disk)

    def power(self, program: str) -> AbstractContextManager[Life]:
        """Power, and a program on it: a module of this house and its words. The power is cut at the end."""
        init = INIT.format(mount=MOUNT, house=HOUSE, python=sys.executable, program=program)
        return powered(self._folder, init, disk=self._disk)


def _path() -> str:
    """Where Debian has what only its administrator uses, too."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": _path()})
    assert done.returncode == 0, done.stdout + done.stderr
