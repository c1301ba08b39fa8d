"""`lisiere enrol` at a real twin, over real links."""

import json
import os
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from access.machines import Machine
from access.replica import Version
from controller.config import TWIN_AUTHORITY, Pins, load, write
from lisiere import enrol
from server_sync.client import HttpTransport, TwinClient, TwinUnreachable
from server_sync.enrolment import Code
from server_sync.identity import Counter, PrivateKey, PublicKey, RequestSigner
from server_sync.replica_store import ReplicaStore
from server_sync.wire import ExchangeRequest
from tests.lisiere.twins import RunningTwin, running_twin
from twin.authority import Authority
from twin.people import People
from twin.serve import code
from twin.store import Store

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory):
    """A twin with two machines, served over TLS."""
    data = tmp_path_factory.mktemp("twin")
    store = Store(data / "twin.db")
    for machine in ("saw", "lathe", "press"):
        People(store).put_machine(Machine(machine))
    store.close()
    with running_twin(data) as running:
        yield running


def run(twin: RunningTwin, folder: Path, shown: str, *words: str) -> int:
    """`lisiere enrol`, by this code."""
    return enrol.command(["--twin", twin.url, "--code", shown, "--data", str(folder), *words])


def test_a_unit_is_enrolled_with_a_code(twin: RunningTwin, tmp_path: Path, capsys: Capture) -> None:
    """Afterwards its folder holds who it is, the twin's authority, a first replica and a key of its own."""
    assert run(twin, tmp_path / "u", code(twin.data, "u-saw", "saw"), "--reader", "usb") == 0
    assert json.loads(capsys.readouterr().out)["machine"] == "saw"
    config = load(tmp_path / "u")
    assert (config.unit, config.twin, config.reader) == ("u-saw", twin.url, "usb")
    assert (tmp_path / "u" / TWIN_AUTHORITY).read_text() == Authority.load_or_make(twin.data).pem
    replica = ReplicaStore(tmp_path / "u" / "replica.db", PublicKey(config.twin_key)).replica()
    assert replica is not None and replica.machine.id == "saw"
    modes = [os.stat(tmp_path / "u" / name).st_mode & 0o777 for name in ("unit.key", "unit.toml", ".")]
    assert modes == [0o600, 0o600, 0o700]


def test_what_a_code_brought_is_on_the_disk(
    twin: RunningTwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it says that it is done, it has all that it wrote put on the disk: a code works once."""
    there: list[set[str]] = []
    monkeypatch.setattr(os, "sync", lambda: there.append({path.name for path in tmp_path.iterdir()}))
    assert run(twin, tmp_path, code(twin.data, "u-press", "press")) == 0
    assert {"unit.key", "unit.toml", TWIN_AUTHORITY, "replica.db"} <= there[-1]


def test_an_enrolment_again_keeps_the_pins(twin: RunningTwin, tmp_path: Path) -> None:
    """What a technician wrote into `unit.toml` is still there after a second code."""
    for _ in range(2):
        assert run(twin, tmp_path, code(twin.data, "u-lathe", "lathe")) == 0
        known = load(tmp_path)
        if not known.pins.contact:
            write(tmp_path, replace(known, pins=Pins(contact=22)))
    assert load(tmp_path).pins == Pins(contact=22)


def test_another_twin_is_told_nothing(twin: RunningTwin, tmp_path: Path, capsys: Capture) -> None:
    """Where the authority is not that of the code, the code is not shown, so it is still good afterwards."""
    real = Code.read(code(twin.data, "kiosk-1", None))
    fake = Code(real.number, real.secret, "0" * len(real.fingerprint))
    assert run(twin, tmp_path / "k", str(fake)) == 1
    assert "is not the twin that made this code; nothing was sent" in capsys.readouterr().err
    assert not (tmp_path / "k" / TWIN_AUTHORITY).exists()
    assert run(twin, tmp_path / "k", str(real)) == 0


def test_a_mistyped_code_is_told_before_anything_is_asked(tmp_path: Path, capsys: Capture) -> None:
    """One line says so, though there is no twin at all."""
    nowhere = RunningTwin("https://127.0.0.1:1", "", tmp_path)
    assert run(nowhere, tmp_path / "u", "0000-0000") == 1
    assert capsys.readouterr().err == "lisiere enrol: --code: 8 characters, and a code has 32\n"


@pytest.mark.parametrize(
    ("url", "why"), [("http://127.0.0.1:1", "begins with https://"), ("https://127.0.0.1:1", "is the twin running")]
)
def test_an_address_that_cannot_be_is_one_line(tmp_path: Path, capsys: Capture, url: str, why: str) -> None:
    """A link without TLS, or a twin that is not there, is said in one line, and exit 1."""
    assert run(RunningTwin(url, "", tmp_path), tmp_path / "u", str(Code.fresh(0, "0" * 16))) == 1
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_a_wrong_code_is_one_line(twin: RunningTwin, tmp_path: Path, capsys: Capture) -> None:
    """The twin's refusal is said in one line, and no configuration is written."""
    real = Code.read(code(twin.data, "kiosk-9", None))
    assert run(twin, tmp_path / "k", str(Code.fresh(real.number, real.fingerprint))) == 1
    assert "wrong_code" in capsys.readouterr().err
    assert not (tmp_path / "k" / "unit.toml").exists()


def test_a_fake_twin_is_not_spoken_to(twin: RunningTwin, tmp_path: Path) -> None:
    """A unit that pins another authority says nothing to who answers at the twin's address."""
    other = tmp_path / "other.pem"
    other.write_text(Authority.load_or_make(tmp_path).pem)
    key = PrivateKey(b"u" * 32)
    transport = HttpTransport(twin.url, RequestSigner("u", key, "twin", Counter()), other)
    with pytest.raises(TwinUnreachable, match="not our twin"):
        TwinClient(transport, key.public, lambda: "n").exchange(ExchangeRequest("u", 1, "n", Version(0, 0)))


def test_the_page_is_there_without_tls_on_this_computer(twin: RunningTwin) -> None:
    """The second door serves the same twin in plain HTTP."""
    assert requests.get(f"{twin.page}/healthz", timeout=10).json() == {"ok": True}


def test_no_older_tls_is_spoken(twin: RunningTwin) -> None:
    """A client that knows TLS 1.2 at best is not served."""
    context = ssl.create_default_context(cafile=str(twin.data / "tls" / "ca.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = int(twin.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")
