"""Callers who say nothing, too much, or for ever, at the twin's real door: everybody else is served."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.twin_app.process import context, free_port, twin

LIMIT_S = 60
"""How long a test waits for what must come: a bound for a broken twin, never waited for."""
HURRIED = "import twin.impatient; twin.impatient.HEADER_S = 0.2\n"
HEAD = b"POST /api/enrol HTTP/1.1\r\nHost: twin\r\nContent-Type: application/json\r\n"


class Callers:
    """Everybody who calls at one twin."""

    def __init__(self, data: Path, port: int, parts: ExitStack) -> None:
        self._port = port
        self._context = context(data)
        self._parts = parts

    def call(self, sent: bytes, secure: bool = True) -> socket.socket:
        """A connection on which something was said."""
        line = self._parts.enter_context(socket.create_connection(("127.0.0.1", self._port), timeout=LIMIT_S))
        if secure:
            line = self._parts.enter_context(self._context.wrap_socket(line, server_hostname="127.0.0.1"))
        line.sendall(sent)
        return line

    def served(self) -> bool:
        """Whether somebody who asks as one should is answered."""
        url = f"https://127.0.0.1:{self._port}/healthz"
        return httpx.get(url, verify=self._context, timeout=LIMIT_S).json() == {"ok": True}


def rest_of(line: socket.socket) -> bytes:
    """All that comes until the twin hangs up."""
    found = b""
    with suppress(ConnectionError):  # it may hang up while something is on its way to it
        while data := line.recv(65536):
            found += data
    return found


@pytest.fixture
def parts() -> Iterator[ExitStack]:
    with ExitStack() as parts:
        yield parts


@pytest.fixture
def callers(tmp_path: Path, parts: ExitStack) -> Callers:
    """A twin that waits for nobody's head for long."""
    port = free_port()
    parts.enter_context(twin(tmp_path, port, HURRIED))
    return Callers(tmp_path, port, parts)


def test_who_does_not_say_what_it_wants_is_hung_up_on(callers: Callers) -> None:
    """Silence, half a head, and half a second head after a good request: each connection is closed."""
    good = b"GET /healthz HTTP/1.1\r\nHost: twin\r\n\r\n"
    assert rest_of(callers.call(b"")) == b""
    assert rest_of(callers.call(b"GET /healthz HTTP/1.1\r\n")) == b""
    again = callers.call(good)
    assert again.recv(4096).startswith(b"HTTP/1.1 200 ")
    again.sendall(b"GET /hea")
    assert b"HTTP/1.1" not in rest_of(again)
    assert callers.served()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Content-Length: 10000000000\r\n\r\n{", b"413"),
        (HEAD + b"Content-Length: 1" + b"0" * 5000 + b"\r\n\r\n{", b"4"),
        (
            HEAD
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"4000\r\n"
            + b"x" * 0x4000
            + b"\r\n"
            + b"1\r\nx\r\n" * 9,
            b"413",
        ),
        (HEAD + b"Content-Length: 16000\r\nConnection: close\r\n\r\n" + b"[" * 16000, b"4"),
        (HEAD + b"Content-Length: 15999\r\nConnection: close\r\n\r\n" + b'{"a":' * 3199 + b"1234", b"4"),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\n", b"400"),
        (b"\x00\xff" * 1000 + b"\r\n\r\n", b"400"),
    ],
    ids=["ten gigabytes", "endless length", "endless chunks", "deep list", "deep object", "long head", "noise"],
)
def test_a_body_that_is_too_much_is_refused(callers: Callers, sent: bytes, status: bytes) -> None:
    """Oversized, endless and deeply nested bodies get one 4xx, and the twin goes on."""
    line = callers.call(b"")
    with suppress(ConnectionError):  # it may be refused before all was said
        line.sendall(sent)
    assert line.recv(4096).startswith(b"HTTP/1.1 " + status)
    assert callers.served()


def test_many_who_dawdle_keep_nobody_out(tmp_path: Path, parts: ExitStack) -> None:
    """While a hundred and twenty callers are in the middle of a handshake, a head or a body, others are served."""
    port = free_port()
    parts.enter_context(twin(tmp_path, port))
    callers = Callers(tmp_path, port, parts)
    for _ in range(40):
        callers.call(b"\x16\x03\x01", secure=False)
        callers.call(b"GET /healthz HTTP/1.1\r\nX: ")
        callers.call(HEAD + b"Content-Length: 1000\r\n\r\n{")
        assert callers.served()
