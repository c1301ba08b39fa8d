"""The twin's command in a process of its own."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CERTIFICATE = "tls/ca.pem"
RUN = "import sys; from twin.serve import command; sys.exit(command(sys.argv[1:]))"


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def twin(data: Path, port: int, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """A twin in a process of its own, ready to answer. `before`: what is run there first."""
    words = [sys.executable, "-c", before + RUN, "serve", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"lisiere twin: https://127.0.0.1:{port}\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def context(data: Path) -> ssl.SSLContext:
    """What trusts this twin's authority, and nobody else's."""
    return ssl.create_default_context(cafile=str(data / CERTIFICATE))
