"""A keeper in a process of its own, on a simulated pin, for tests."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.relay.report import LONGEST_PACKET, Report, report_of
from tests.hardware.waiting import DEADLINE_S, eventually, running


@contextmanager
def keeper(path: Path, hold_ms: int = 500) -> Iterator[subprocess.Popen[bytes]]:
    """A keeper that listens at `path`."""
    command = [sys.executable, "-m", "hardware.relay.keeper", "--socket", str(path), "--pin", "17"]
    with running([*command, "--hold-ms", str(hold_ms), "--mock"]) as process:
        eventually(path.exists)
        yield process


def connected(path: Path) -> socket.socket:
    """A client's end of the keeper's socket."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(DEADLINE_S)
    eventually(lambda: client.connect_ex(str(path)) == 0)
    return client


def next_report(client: socket.socket, commanded: bool) -> Report:
    """The next report that says `commanded`, past all others."""
    heard: list[Report] = []

    def comes() -> bool:
        heard.append(report_of(client.recv(LONGEST_PACKET)))
        return heard[-1].commanded is commanded

    eventually(comes)
    return heard[-1]


def newcomers_report(path: Path) -> Report:
    """What a keeper tells whoever connects, once the one before is gone."""
    heard: list[bytes] = []

    def welcomed() -> bool:
        with connected(path) as client:
            heard.append(client.recv(LONGEST_PACKET))
        return bool(heard[-1])

    eventually(welcomed)
    return report_of(heard[-1])
