"""Who is who on the network: signatures that an independent implementation makes and checks too."""

import base64
import hashlib
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from http_message_signatures.exceptions import InvalidSignature
from http_sf.compat import Item
from hypothesis import given
from hypothesis import strategies as st

from server_sync.identity import (
    WINDOW,
    Counter,
    IdentityError,
    PrivateKey,
    PublicKey,
    RequestSigner,
    RequestVerifier,
    badge_tag,
    seal,
    unseal,
)

SECRET = bytes(range(32))
KEY, OTHER = PrivateKey(SECRET), PrivateKey(bytes(32))
KEYS = {"m1": KEY.public, "m2": OTHER.public}
PATH = "/api/units/m1/exchange?have=1"
BODY = b'{"rows": []}'


def signed(
    body: bytes = BODY, device: str = "m1", key: PrivateKey = KEY, audience: str = "twin", number: int = 7
) -> dict[str, str]:
    """The headers of a request, their names in lower case, as a server hands them on."""
    headers = RequestSigner(device, key, audience, lambda: number).sign("POST", PATH, body)
    return {name.lower(): value for name, value in headers.items()}


def verifier() -> RequestVerifier:
    """The twin's verifier, which has seen nothing yet."""
    return RequestVerifier("twin", KEYS.get)


# --- what an independent implementation says ---------------------------------------------------------------


class Peer(HTTPSignatureKeyResolver):
    """The keys for the other implementation, which knows nothing of ours."""

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(SECRET)

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(KEYS[key_id].hex))


def as_sent(headers: dict[str, str], body: bytes = BODY) -> requests.PreparedRequest:
    """The request as it goes out."""
    return requests.Request("POST", f"http://twin{PATH}", data=body, headers=headers).prepare()


COVERED = ("@method", "@request-target", "content-digest")


def test_another_implementation_believes_our_signature() -> None:
    """What we sign is a valid HTTP message signature to an independent verifier, over the parts and the body we
    say; with another body it is not."""
    message = as_sent(RequestSigner("m1", KEY, "twin", lambda: 7).sign("POST", PATH, BODY))
    peer = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Peer())
    peer.require_created = False  # our messages carry a number instead: a unit's clock may be wrong
    (found,) = peer.verify(
        message, max_age=None, expect_tag="lisiere:twin", require_components=COVERED, body=BODY
    )
    assert (found.parameters["keyid"], found.nonce, found.body) == ("m1", "7", BODY)
    with pytest.raises(InvalidSignature):
        peer.verify(message, max_age=None, body=BODY + b" ")


def test_we_believe_another_implementations_signature() -> None:
    """A request whose signature base an independent implementation has built is believed."""
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
    peer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Peer())
    base, parameters, _ = peer._build_signature_base(
        as_sent({"Content-Digest": digest}),
        covered_component_ids=[Item(name) for name in COVERED],
        signature_params={"nonce": "7", "keyid": "m1", "alg": "ed25519", "tag": "lisiere:twin"},
    )
    signature = algorithms.ED25519(private_key=Peer().resolve_private_key("m1")).sign(base.encode())
    headers = {
        "content-digest": digest,
        "signature-input": f"sig={parameters}",
        "signature": f"sig=:{base64.b64encode(signature).decode()}:",
    }
    assert verifier().verify("POST", PATH, BODY, headers) == "m1"


# --- what is not believed ----------------------------------------------------------------------------------


def test_a_signed_request_is_believed_once() -> None:
    """A message is its sender's the first time it comes, and nobody's when it comes again."""
    headers, twin = signed(), verifier()
    assert twin.verify("POST", PATH, BODY, headers) == "m1"
    assert twin.verify("POST", PATH, BODY, headers) is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", PATH, BODY), ("POST", PATH + "&more", BODY), ("POST", "/", BODY), ("POST", PATH, BODY + b" ")],
)
def test_what_was_signed_is_all_there_is(method: str, path: str, body: bytes) -> None:
    """Another method, target, query or body under the same signature is refused, and does not spend the number."""
    headers, twin = signed(), verifier()
    assert twin.verify(method, path, body, headers) is None
    assert twin.verify("POST", PATH, BODY, headers) == "m1"


def test_a_swapped_body_with_its_own_digest_is_refused() -> None:
    """A body exchanged together with its digest breaks the signature that covers the digest."""
    other = signed(b"{}")
    assert verifier().verify("POST", PATH, b"{}", signed() | {"content-digest": other["content-digest"]}) is None


@pytest.mark.parametrize(
    "headers",
    [
        signed(audience="kiosk"),
        signed(device="m3"),
        signed(device="m2"),
        signed(key=OTHER),
        {},
        {"signature-input": signed()["signature-input"]},
        signed() | {"signature": "sig=:AAAA:"},
        signed() | {"signature": signed(number=8)["signature"]},
        signed() | {"signature-input": signed()["signature-input"] + ";created=1"},
        signed() | {"signature-input": signed()["signature-input"].replace('"@method" ', "")},
        signed() | {"signature-input": signed()["signature-input"].replace('"7"', '"8"')},
        signed() | {"content-digest": ""},
    ],
    ids=lambda headers: hashlib.sha256(repr(headers).encode()).hexdigest()[:6],
)
def test_another_audience_sender_key_or_shape_is_refused(headers: dict[str, str]) -> None:
    """A request for somebody else, from an unknown device, under a wrong key or in another shape is nobody's."""
    assert verifier().verify("POST", PATH, BODY, headers) is None


@given(st.data())
def test_no_header_can_be_touched(data: st.DataObject) -> None:
    """Any one character changed in any header makes the request nobody's, without an error."""
    headers = signed()
    name = data.draw(st.sampled_from(sorted(headers)))
    place = data.draw(st.integers(0, len(headers[name]) - 1))
    instead = data.draw(st.characters(codec="utf-8").filter(lambda c: c != headers[name][place]))
    headers[name] = headers[name][:place] + instead + headers[name][place + 1 :]
    sender = verifier().verify("POST", PATH, BODY, headers)
    assert sender is None or (name == "signature" and _same_bits(headers[name]))


def _same_bits(header: str) -> bool:
    """Base64 has unused bits in its last character: another spelling of the same signature."""
    return base64.b64decode(header[5:-1]) == base64.b64decode(signed()["signature"][5:-1])


@given(st.lists(st.integers(1, 3 * WINDOW), max_size=60))
def test_a_number_is_taken_once_and_never_far_behind(numbers: list[int]) -> None:
    """In whatever order requests come, each number is believed at most once, none that lies a window behind the
    newest, and every new one within the window."""
    twin, believed = verifier(), set[int]()
    for number in numbers:
        expected = number not in believed and number > max(believed, default=0) - WINDOW
        assert (twin.verify("POST", PATH, BODY, signed(number=number)) == "m1") is expected
        believed |= {number} if expected else set()


def test_one_devices_numbers_are_not_anothers() -> None:
    """Two devices may use the same number."""
    twin = verifier()
    assert twin.verify("POST", PATH, BODY, signed()) == "m1"
    assert twin.verify("POST", PATH, BODY, signed(device="m2", key=OTHER)) == "m2"


# --- counters, keys, seals and tags ------------------------------------------------------------------------


def test_a_counter_rises_over_restarts(tmp_path: Path) -> None:
    """No number is given twice, though the program ended without saying so."""
    path = tmp_path / "counter"
    first = Counter(path)
    used = [first() for _ in range(5)]
    again = Counter(path)
    later = [again() for _ in range(5)]
    assert used == sorted(set(used)) and later == sorted(set(later)) and later[0] > used[-1]


def test_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """A device's key is made on its first use, readable by its owner alone, and the same ever after."""
    path = tmp_path / "unit.key"
    made = PrivateKey.load_or_make(path)
    assert PrivateKey.load_or_make(path).public == made.public
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("not a key\n")
    with pytest.raises(IdentityError, match=r"unit\.key: not a key"):
        PrivateKey.load_or_make(path)


@given(st.binary(max_size=200), st.data())
def test_a_seal_is_broken_by_any_change(payload: bytes, data: st.DataObject) -> None:
    """What was sealed is unsealed as it was; with any bit changed, or by another key, it is an IdentityError."""
    sealed = seal(payload, KEY)
    assert unseal(sealed, KEY.public) == payload
    with pytest.raises(IdentityError):
        unseal(sealed, OTHER.public)
    place = data.draw(st.integers(0, len(sealed) - 1))
    touched = bytearray(sealed)
    touched[place] ^= 1 << data.draw(st.integers(0, 7))
    if place < 88 and _same_signature(bytes(touched), sealed):
        return
    with pytest.raises(IdentityError):
        unseal(bytes(touched), KEY.public)


def _same_signature(one: bytes, other: bytes) -> bool:
    try:
        return base64.b64decode(one[:88], validate=True) == base64.b64decode(other[:88])
    except ValueError:
        return False


@pytest.mark.parametrize("raw", [b"", b".", b"no dot", b"!!!.payload", b"\xff.payload", b"AAAA.payload"])
def test_what_has_no_seal_is_refused(raw: bytes) -> None:
    """A message without a signature before its dot is an IdentityError."""
    with pytest.raises(IdentityError):
        unseal(raw, KEY.public)


def test_a_key_that_is_none_checks_nothing() -> None:
    """A public key that is not 64 hex digits is an IdentityError, not another one."""
    for hex in ("", "zz", "00" * 31):
        with pytest.raises(IdentityError):
            PublicKey(hex).check(b"\x00" * 64, b"")


def test_a_tag_does_not_depend_on_how_a_number_is_written() -> None:
    """A badge's tag is the same for small letters and blanks around, and another for another key or number."""
    tag = badge_tag("04A1B2", b"k" * 32)
    assert badge_tag(" 04a1b2\n", b"k" * 32) == tag and len(tag) == 64
    assert badge_tag("04A1B3", b"k" * 32) != tag != badge_tag("04A1B2", b"j" * 32)
