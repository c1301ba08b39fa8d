"""A device becomes known by a one-time code, and by nothing else."""

import pytest
from httpx import Response

from server_sync.canonical import encode
from server_sync.enrolment import NUMBERS, Code
from server_sync.identity import Counter, PrivateKey, RequestSigner
from tests.twin_app.workshop import Site
from twin.auth import Role

KEY = PrivateKey(b"n" * 32)


@pytest.fixture
def code(site: Site) -> Code:
    """A code for a new unit of a new machine."""
    site.ask(Role.ADMIN, "POST", "/api/machines", json={"id": "embroidery-1"})
    return made(site, unit="u-embroidery", machine="embroidery-1")


def made(site: Site, **asked: str) -> Code:
    """A code that an administrator makes."""
    answer = site.ask(Role.ADMIN, "POST", "/api/codes", json=asked)
    assert answer.status_code == 201, answer.text
    return Code.read(answer.json()["code"])


def show(site: Site, code: Code, key: PrivateKey = KEY, signed_by: PrivateKey | None = None) -> Response:
    """A device shows a code."""
    shown = {"number": code.number, "digest": code.digest, "public_key": key.public.hex, "address": "192.0.2.9:1"}
    body = encode(shown)
    signs = RequestSigner(key.public.hex, signed_by or key, "twin", Counter())
    return site.client.post("/api/enrol", content=body, headers=signs.sign("POST", "/api/enrol", body) | JSON)


JSON = {"Content-Type": "application/json"}


def wrong(code: Code) -> Code:
    """A code with another secret."""
    return Code.fresh(code.number, code.fingerprint)


def units(site: Site) -> list[str]:
    """The units that the twin knows."""
    return [unit["id"] for unit in site.ask(Role.ADMIN, "GET", "/api/units").json()]


def test_a_device_with_a_code_is_known_and_told_its_keys(site: Site, code: Code) -> None:
    """It learns who it is, its tag key and the twin's key; the list of units shows no secret."""
    told = show(site, code)
    assert told.status_code == 200, told.text
    assert told.json()["unit"] == "u-embroidery"
    assert told.json()["machine"] == "embroidery-1"
    assert told.json()["twin_public_key"] == site.twin_key.public.hex
    assert len(bytes.fromhex(told.json()["tag_key"])) == 32
    assert told.json()["tag_key"] not in site.ask(Role.TECHNICIAN, "GET", "/api/units").text
    site.keys["u-embroidery"] = KEY
    assert site.exchange("u-embroidery").replica is not None


def test_a_code_works_once(site: Site, code: Code) -> None:
    """Who shows it after the device is told nothing."""
    assert show(site, code).status_code == 200
    second = show(site, code, PrivateKey(b"o" * 32))
    assert (second.status_code, second.json()["error"]) == (403, "wrong_code")


def test_a_code_ends_after_a_quarter_of_an_hour(site: Site, code: Code) -> None:
    """Fifteen minutes after it was made it opens nothing."""
    site.clock.forward(15 * 60)
    assert show(site, code).status_code == 403
    assert "u-embroidery" not in units(site)


def test_a_code_is_good_until_its_last_second(site: Site, code: Code) -> None:
    """A second before that it still opens."""
    site.clock.forward(15 * 60 - 1)
    assert show(site, code).status_code == 200


def test_five_wrong_tries_lock_a_code(site: Site, code: Code) -> None:
    """After the fifth wrong secret even the right one is refused."""
    assert [show(site, wrong(code)).status_code for _ in range(5)] == [403] * 5
    assert show(site, code).status_code == 403
    assert "u-embroidery" not in units(site)


def test_four_wrong_tries_do_not_lock_a_code(site: Site, code: Code) -> None:
    """A person may mistype a few times."""
    for _ in range(4):
        show(site, wrong(code))
    assert show(site, code).status_code == 200


def test_wrong_tries_lock_no_other_code(site: Site, code: Code) -> None:
    """Who guesses at one code leaves the others alone."""
    other = made(site, unit="kiosk-2")
    for _ in range(5):
        show(site, wrong(code))
    assert show(site, other).json()["machine"] is None


def test_a_key_must_be_the_devices_own(site: Site, code: Code) -> None:
    """A public key that somebody else holds is not taken, and the code is not spent."""
    stranger = show(site, code, signed_by=PrivateKey(b"s" * 32))
    assert (stranger.status_code, stranger.json()["error"]) == (403, "not_signed")
    assert show(site, code).status_code == 200


def test_a_known_device_is_enrolled_again_under_a_new_key(site: Site) -> None:
    """A replaced card keeps its unit's name and machine; the old key opens nothing any more."""
    code = made(site, unit="u-press")
    assert show(site, code).json()["machine"] == "press-1"
    assert site.device("u-press", "GET", "/api/units/u-press/changes?version=0&epoch=1").status_code == 401
    site.keys["u-press"] = KEY
    assert site.device("u-press", "GET", "/api/units/u-press/changes?version=0&epoch=1").status_code == 200


def test_a_revoked_key_is_never_good_again(site: Site) -> None:
    """A revoked device comes back with a code and a new key only."""
    site.ask(Role.ADMIN, "PATCH", "/api/units/u-press", json={"revoked": True})
    assert show(site, made(site, unit="u-press"), site.keys["u-press"]).status_code == 403
    assert show(site, made(site, unit="u-press"), KEY).status_code == 200


def test_a_new_code_for_the_same_device_ends_the_one_before(site: Site, code: Code) -> None:
    """Only the code that was made last is good."""
    newer = made(site, unit="u-embroidery", machine="embroidery-1")
    assert show(site, code).status_code == 403
    assert show(site, newer).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"unit": "u-other", "machine": "press-1"}, 409),
        ({"unit": "u-other", "machine": "nowhere"}, 404),
        ({"unit": "u-press", "machine": "overlock-1"}, 409),
    ],
)
def test_a_code_is_made_for_a_device_that_can_be(site: Site, asked: dict[str, str], status: int) -> None:
    """None for a machine that has a unit, that is not there, or that is another's."""
    assert site.ask(Role.ADMIN, "POST", "/api/codes", json=asked).status_code == status


def test_there_are_not_more_codes_than_numbers(site: Site) -> None:
    """Where every number waits for its device, the next one is asked to wait."""
    for n in range(NUMBERS):
        made(site, unit=f"kiosk-{n + 10}")
    full = site.ask(Role.ADMIN, "POST", "/api/codes", json={"unit": "kiosk-99"})
    assert (full.status_code, full.json()["error"]) == (409, "no_code")


def test_a_request_is_old_after_a_restart_of_the_twin(site: Site) -> None:
    """A signed request that was heard is refused by the twin's next process; the next block is heard."""
    path = "/api/units/u-press/changes?version=0&epoch=1&wait=0"
    headers = site.signed("u-press", "GET", path)
    assert site.client.get(path, headers=headers).status_code == 200
    again = site.restarted()
    assert again.get(path, headers=headers).status_code == 401
    site.counter.skip()
    assert again.get(path, headers=site.signed("u-press", "GET", path)).status_code == 200
