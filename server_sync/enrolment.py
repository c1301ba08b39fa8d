"""The one-time code with which a device becomes known: what is in it, and how a person reads and types it.

A code holds the number of the twin's open code, a secret of 65 bits, and the fingerprint of the certificate
authority that the twin's links stand under, so that the device knows its twin before it says anything. It is
written in Crockford's base 32, eight groups of four; the last two characters check all the others.
"""

import hashlib
import hmac
import secrets
import ssl
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBERS = len(ALPHABET)
"""How many codes may be open at the same time: the number is one character."""
SECRET_CHARACTERS, PRINT_CHARACTERS, CHECK_CHARACTERS = 13, 16, 2
LENGTH = 1 + SECRET_CHARACTERS + PRINT_CHARACTERS + CHECK_CHARACTERS
GROUP = 4

_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


class CodeError(ValueError):
    """A text that is no code; it says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code. `secret` and `fingerprint` are characters of the alphabet."""

    number: int
    secret: str
    fingerprint: str

    @classmethod
    def fresh(cls, number: int, fingerprint: str) -> "Code":
        """A code whose secret nobody can guess."""
        return cls(number, "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS)), fingerprint)

    @classmethod
    def read(cls, text: str) -> "Code":
        """A code as a person typed it: small letters, blanks, O for 0 and I or L for 1 are understood."""
        typed = text.upper().translate(_LOOKS_LIKE)
        strange = sorted(set(typed) - set(ALPHABET))
        if strange:
            raise CodeError(f"'{strange[0]}' is in no code: letters and digits only, and no U")
        if len(typed) != LENGTH:
            raise CodeError(f"{len(typed)} characters, and a code has {LENGTH}")
        if not hmac.compare_digest(typed[-CHECK_CHARACTERS:], _check(typed[:-CHECK_CHARACTERS])):
            raise CodeError("mistyped: its last two characters do not fit the others")
        ends = 1 + SECRET_CHARACTERS
        return cls(ALPHABET.index(typed[0]), typed[1:ends], typed[ends:-CHECK_CHARACTERS])

    def __str__(self) -> str:
        """The code in groups, as it is shown and typed."""
        plain = ALPHABET[self.number] + self.secret + self.fingerprint
        whole = plain + _check(plain)
        return "-".join(whole[at : at + GROUP] for at in range(0, LENGTH, GROUP))

    @property
    def digest(self) -> str:
        """How the twin keeps the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


def fingerprint(certificate: str) -> str:
    """The first 80 bits of the SHA-256 of a certificate (PEM), as they stand in a code."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest()
    return _characters(int.from_bytes(digest[:10], "big"), PRINT_CHARACTERS)


def _check(plain: str) -> str:
    """A weighted sum modulo a prime: no single wrong character and no two exchanged ones have the same."""
    total = sum(weight * ALPHABET.index(character) for weight, character in enumerate(plain, 1))
    return _characters(total % 1021, CHECK_CHARACTERS)


def _characters(number: int, count: int) -> str:
    """The lowest bits of a number, five to a character."""
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(count)))
