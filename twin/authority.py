"""The twin's own certificate authority: what the links of units, kiosks and browsers stand under.

Its certificates hold from 1970 to 9999: a Pi that does not know the time still knows its twin. So trust ends
otherwise: a device is revoked at the twin, and a twin's stolen key by a new authority (remove the folder `tls`,
start the twin, enrol every device again).
"""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ALWAYS, NEVER_ENDS = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
ANYWHERE = frozenset({"", "0.0.0.0", "::"})
"""Addresses to listen on that are nobody's name."""


class AuthorityError(Exception):
    """The authority's files cannot be used; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority in a twin's folder. Its private key never leaves it."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def load_or_make(cls, data: Path) -> "Authority":
        """The authority in the folder `tls` of a twin's folder, made on the first use. AuthorityError."""
        folder = data / "tls"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "ca.pem").exists():
            _make(folder)
        try:
            certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise AuthorityError(
                f"{folder}: {error}; restore it, or remove it and enrol every device again"
            ) from None
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(folder, certificate, key)

    @property
    def pem(self) -> str:
        """The authority's certificate: what devices pin and browsers are given."""
        return _pem(self.certificate)

    def certify(self, names: Iterable[str]) -> tuple[Path, Path]:
        """The certificate and the key of a server called these names and addresses, made anew if need be."""
        wanted = sorted({*names, *_own_names()} - ANYWHERE)
        chain, key = self.folder / "server.pem", self.folder / "server.key"
        if not (chain.exists() and key.exists() and self._covers(chain, wanted)):
            private = ec.generate_private_key(ec.SECP256R1())
            _write_secret(key, private)
            chain.write_text(_pem(self._server_certificate(private.public_key(), wanted)) + self.pem)
        return chain, key

    def _covers(self, chain: Path, wanted: list[str]) -> bool:
        held = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return held.issuer == self.certificate.subject and set(names) == {_general(name) for name in wanted}

    def _server_certificate(self, public: ec.EllipticCurvePublicKey, names: list[str]) -> x509.Certificate:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = _builder("Lisière", public, self.certificate.subject)
        builder = builder.add_extension(x509.SubjectAlternativeName(map(_general, names)), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.add_extension(authority, critical=False).sign(self.key, hashes.SHA256())


def _make(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own, so that a browser never takes one workshop's authority for another's.
    name = _name(f"Lisière {x509.random_serial_number() % 10**8:08d}")
    builder = _builder("", key.public_key(), name).subject_name(name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    _write_secret(folder / "ca.key", key)
    (folder / "ca.pem").write_text(_pem(builder.sign(key, hashes.SHA256())))


def _builder(subject: str, public: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=_name(subject) if subject else None,
        public_key=public,
        serial_number=x509.random_serial_number(),
        not_valid_before=ALWAYS,
        not_valid_after=NEVER_ENDS,
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _own_names() -> set[str]:
    """What this computer is called, by itself and in the workshop's network."""
    host = socket.gethostname()
    return {"localhost", "127.0.0.1", "::1", host, f"{host.partition('.')[0]}.local"}


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_secret(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.unlink(missing_ok=True)
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
