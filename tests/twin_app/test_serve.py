"""The command: a process that serves, stops when it is told, and says clearly why it cannot start."""

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from access.machines import Machine
from access.replica import Version
from server_sync.client import HttpTransport, TwinClient
from server_sync.identity import Counter, PrivateKey, RequestSigner
from server_sync.wire import ExchangeRequest
from tests.twin_app.process import CERTIFICATE, context, free_port, twin
from twin.people import People
from twin.serve import command
from twin.store import Store


def ask_changes(data: Path, port: int, key: PrivateKey, version: int) -> socket.socket:
    """A unit's question for news, sent; its answer comes later."""
    path = f"/api/units/u/changes?epoch=1&version={version}&wait=20"
    signed = RequestSigner("u", key, "twin", lambda: version).sign("GET", path, b"")
    lines = [f"GET {path} HTTP/1.1", "Host: twin", *(f"{name}: {value}" for name, value in signed.items())]
    plain = socket.create_connection(("127.0.0.1", port), timeout=25)
    asking = context(data).wrap_socket(plain, server_hostname="127.0.0.1")
    asking.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
    return asking


def answer_of(asking: socket.socket) -> bytes:
    """All that comes back."""
    with asking, asking.makefile("rb") as answer:
        return answer.read()


def test_it_serves_wakes_a_unit_and_stops_at_once(tmp_path: Path) -> None:
    """A unit waits for news of a change made by another process; a second one waits while the twin stops."""
    port = free_port()
    store = Store(tmp_path / "twin.db")
    key = PrivateKey(bytes([1]) * 32)
    People(store).put_machine(Machine("press-1"))
    People(store).put_unit("u", "press-1", key.public.hex, bytes(32))
    with twin(tmp_path, port) as process:
        url, trust = f"https://127.0.0.1:{port}", context(tmp_path)
        assert httpx.get(f"{url}/healthz", verify=trust).json() == {"ok": True}
        waiting = ask_changes(tmp_path, port, key, 2)
        changed = time.monotonic()
        People(store).put_machine(Machine("press-1"), "Presse")
        assert b'"changed":true' in answer_of(waiting)
        assert time.monotonic() - changed < 3  # 0.1 s and two looks; the rest is for a busy machine

        waiting = ask_changes(tmp_path, port, key, 99)
        assert httpx.get(f"{url}/healthz", verify=trust).status_code == 200  # so the one who waits was heard
        process.send_signal(signal.SIGTERM)
        assert b'"changed":false' in answer_of(waiting)
        assert process.wait(10) in (0, -signal.SIGTERM)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    store.close()


def test_a_units_own_client_gets_its_replica(tmp_path: Path) -> None:
    """What `server_sync.client` sends over a real network is what the twin reads, and the other way round."""
    port = free_port()
    store = Store(tmp_path / "twin.db")
    key = PrivateKey(bytes([1]) * 32)
    People(store).put_machine(Machine("press-1"))
    People(store).put_unit("u", "press-1", key.public.hex, bytes(32))
    store.close()
    with twin(tmp_path, port):
        signer = RequestSigner("u", key, "twin", Counter())
        transport = HttpTransport(f"https://127.0.0.1:{port}", signer, tmp_path / CERTIFICATE)
        twin_key = PrivateKey.load_or_make(tmp_path / "twin.key").public
        client = TwinClient(transport, twin_key, lambda: "n")
        reply, _ = client.exchange(ExchangeRequest("u", 1, "n", Version(0, 0)))
        assert reply.replica is not None
        assert client.opened(reply.replica).machine.id == "press-1"
        transport.close()


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, and nothing was made."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert command(["serve", "--data", str(tmp_path / "d"), "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is taken by another program" in said
    assert not (tmp_path / "d").exists()


def test_a_token_opens_the_twin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed alone on its line; a device gets none; the key's file is for its owner only."""
    assert command(["token", "--data", str(tmp_path), "--role", "admin"]) == 0
    assert capsys.readouterr().out.startswith("lisiere_")
    with pytest.raises(SystemExit) as wrong:
        command(["token", "--data", str(tmp_path), "--role", "unit"])
    assert wrong.value.code == 2
    with twin(tmp_path, free_port()):
        assert os.stat(tmp_path / "twin.key").st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 and no traceback."""
    (tmp_path / "file").write_text("")
    assert command(["token", "--data", str(tmp_path / "file"), "--role", "admin"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """For who starts it for the first time."""
    with pytest.raises(SystemExit) as asked:
        command(["--help"])
    assert asked.value.code == 0
    assert "lisiere twin token --data" in capsys.readouterr().out
