"""A twin in a process of its own."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunningTwin:
    """Where a twin answers: over TLS, in plain HTTP on this computer, and its folder."""

    url: str
    page: str
    data: Path


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running_twin(data: Path, *words: str) -> Iterator[RunningTwin]:
    """A twin on this folder, ready to answer."""
    tls, plain = free_port(), free_port()
    where = ["serve", "--data", str(data), "--port", str(tls), "--plain-http", str(plain), *words]
    process = subprocess.Popen(
        [sys.executable, "-m", "lisiere.cli", "twin", *where], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        assert f"https://127.0.0.1:{tls}" in said and f"http://127.0.0.1:{plain}" in said, said
        yield RunningTwin(f"https://127.0.0.1:{tls}", f"http://127.0.0.1:{plain}", data)
    finally:
        process.terminate()
        process.communicate()
