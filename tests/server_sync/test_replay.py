"""What was said once is not heard a second time, before or after a restart of either side."""

import json
import random
from pathlib import Path

import pytest

from server_sync.client import HttpTransport, TwinRefused
from server_sync.identity import (
    BLOCK,
    Counter,
    FileFloors,
    PrivateKey,
    PublicKey,
    RequestSigner,
    RequestVerifier,
)

KEY = PrivateKey(b"d" * 32)


def heard(verifier: RequestVerifier, headers: dict[str, str], body: bytes = b"{}") -> str | None:
    """Who sent a message with these headers."""
    return verifier.verify("POST", "/walk-up", body, {name.lower(): value for name, value in headers.items()})


def verifier(path: Path) -> RequestVerifier:
    """A verifier as it is after a restart: it knows what is in its file."""
    return RequestVerifier("saw", lambda id: KEY.public if id == "kiosk" else None, FileFloors(path))


def signer(counter: Counter) -> RequestSigner:
    """The kiosk's signer."""
    return RequestSigner("kiosk", KEY, "saw", counter)


def test_a_request_is_taken_once(tmp_path: Path) -> None:
    """The second time the same signed request is nobody's."""
    headers, door = signer(Counter()).sign("POST", "/walk-up", b"{}"), verifier(tmp_path / "floors")
    assert [heard(door, headers), heard(door, headers)] == ["kiosk", None]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_captured_requests_have_no_effect_after_a_restart(tmp_path: Path, count: int) -> None:
    """A verifier that starts again takes none of the requests it took before, in whatever order they come."""
    signs, door = signer(Counter()), verifier(tmp_path / "floors")
    captured = [signs.sign("POST", "/walk-up", b"{}") for _ in range(count)]
    assert all(heard(door, headers) == "kiosk" for headers in captured)
    random.Random(1).shuffle(captured)
    again = verifier(tmp_path / "floors")
    assert not any(heard(again, headers) for headers in captured)


def test_a_restarted_verifier_hears_the_next_block(tmp_path: Path) -> None:
    """The rest of the block that a device was in is refused after a restart, the next block is taken."""
    counter = Counter()
    signs = signer(counter)
    heard(verifier(tmp_path / "floors"), signs.sign("POST", "/walk-up", b"{}"))
    again = verifier(tmp_path / "floors")
    assert heard(again, signs.sign("POST", "/walk-up", b"{}")) is None
    signs.skip()
    assert heard(again, signs.sign("POST", "/walk-up", b"{}")) == "kiosk"


def test_a_late_request_of_a_program_that_is_gone_is_old(tmp_path: Path) -> None:
    """Once a device was heard after its restart, nothing that it had sent before is taken, wherever in its block
    it was."""
    counter, door = Counter(tmp_path / "counter"), verifier(tmp_path / "floors")
    early = signer(counter).sign("POST", "/walk-up", b"{}")
    while counter() < BLOCK - 2:
        pass
    late = signer(counter).sign("POST", "/walk-up", b"{}")
    assert heard(door, signer(Counter(tmp_path / "counter")).sign("POST", "/walk-up", b"{}")) == "kiosk"
    assert [heard(door, early), heard(door, late)] == [None, None]


def test_floors_are_written_once_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of requests cost one write."""
    writes: list[int] = []
    raised = FileFloors.raised

    def counted(floors: FileFloors, key: str, floor: int) -> None:
        writes.append(floor)
        raised(floors, key, floor)

    monkeypatch.setattr(FileFloors, "raised", counted)
    signs, door = signer(Counter()), verifier(tmp_path / "floors")
    for _ in range(300):
        heard(door, signs.sign("POST", "/walk-up", b"{}"))
    assert writes == [BLOCK]
    assert json.loads((tmp_path / "floors").read_text()) == {KEY.public.hex: BLOCK}


def test_a_device_with_a_new_key_begins_anew(tmp_path: Path) -> None:
    """The numbers belong to the key: a device that was enrolled again is heard from its first request on."""
    heard(verifier(tmp_path / "floors"), signer(Counter()).sign("POST", "/walk-up", b"{}"))
    other = PrivateKey(b"e" * 32)
    door = RequestVerifier("saw", lambda id: other.public, FileFloors(tmp_path / "floors"))
    assert heard(door, RequestSigner("kiosk", other, "saw", Counter()).sign("POST", "/walk-up", b"{}")) == "kiosk"


def test_a_counter_never_gives_a_number_twice(tmp_path: Path) -> None:
    """Not after a restart either, nor after it skipped."""
    given: list[int] = []
    for _ in range(3):
        counter = Counter(tmp_path / "counter")
        given += [counter() for _ in range(3)]
        counter.skip()
        given += [counter() for _ in range(3)]
    assert given == sorted(set(given))


def test_a_client_gives_up_after_one_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that was revoked leaves one block, not one a request."""
    counter = Counter()
    transport = HttpTransport("http://127.0.0.1:1", signer(counter))

    class Refusal:
        status_code, text = 401, "no"

        def json(self) -> dict[str, str]:
            return {}

    monkeypatch.setattr(transport, "_sent", lambda *words: Refusal())
    for _ in range(5):
        with pytest.raises(TwinRefused):
            transport.post("/", b"")
    assert counter() < 2 * BLOCK


def test_a_verifier_believes_no_other_key() -> None:
    """A request signed with another device's key is nobody's."""
    door = RequestVerifier("saw", lambda id: PublicKey("00" * 32))
    assert heard(door, signer(Counter()).sign("POST", "/walk-up", b"{}")) is None
