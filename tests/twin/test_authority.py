"""The twin's own certificate authority, and what a clock-less Pi makes of it."""

import os
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from twin.authority import Authority, AuthorityError


def verified(authority: Authority, chain: Path, name: str, at: datetime) -> None:
    """VerificationError unless the server's certificate holds at that time under that name."""
    subject = x509.DNSName(name) if not name[0].isdigit() else x509.IPAddress(ip_address(name))
    policy = PolicyBuilder().store(Store([authority.certificate])).time(at)
    policy.build_server_verifier(subject).verify(x509.load_pem_x509_certificates(chain.read_bytes())[0], [])


@pytest.mark.parametrize("year", [1970, 2026, 2038, 2107, 9998])
def test_the_certificates_hold_whatever_a_clock_shows(tmp_path: Path, year: int) -> None:
    """A Pi that thinks it is 1970, or years ahead, still knows its twin."""
    authority = Authority.load_or_make(tmp_path)
    chain, _ = authority.certify(["twin.example.org", "192.0.2.7"])
    for name in ("twin.example.org", "192.0.2.7", "localhost", "127.0.0.1"):
        verified(authority, chain, name, datetime(year, 6, 1, tzinfo=UTC))


def test_another_name_is_refused(tmp_path: Path) -> None:
    """The certificate is good for the names it was made for, and no other."""
    authority = Authority.load_or_make(tmp_path)
    chain, _ = authority.certify(["twin.example.org"])
    with pytest.raises(VerificationError):
        verified(authority, chain, "other.example.org", datetime(2026, 6, 1, tzinfo=UTC))


def test_another_authority_is_refused(tmp_path: Path) -> None:
    """A certificate of another workshop's authority is not believed here."""
    ours, theirs = Authority.load_or_make(tmp_path / "ours"), Authority.load_or_make(tmp_path / "theirs")
    chain, _ = theirs.certify(["twin.example.org"])
    with pytest.raises(VerificationError):
        verified(ours, chain, "twin.example.org", datetime(2026, 6, 1, tzinfo=UTC))


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    """Both private keys have mode 0600, in a folder of mode 0700."""
    Authority.load_or_make(tmp_path).certify([])
    modes = {name: os.stat(tmp_path / "tls" / name).st_mode & 0o777 for name in ("ca.key", "server.key", ".")}
    assert modes == {"ca.key": 0o600, "server.key": 0o600, ".": 0o700}


def test_a_certificate_is_kept_until_the_names_change(tmp_path: Path) -> None:
    """A second start serves the same certificate; another name makes a new one, under the same authority."""
    authority = Authority.load_or_make(tmp_path)
    chain, _ = authority.certify(["twin.example.org"])
    first = chain.read_text()
    again = Authority.load_or_make(tmp_path)
    again.certify(["twin.example.org"])
    assert chain.read_text() == first
    again.certify(["other.example.org"])
    assert chain.read_text() != first
    assert again.pem == authority.pem


def test_a_broken_authority_is_one_clear_line(tmp_path: Path) -> None:
    """Where the authority's key is gone, the twin says so and what to do."""
    Authority.load_or_make(tmp_path)
    (tmp_path / "tls" / "ca.key").unlink()
    with pytest.raises(AuthorityError, match="enrol every device again"):
        Authority.load_or_make(tmp_path)
