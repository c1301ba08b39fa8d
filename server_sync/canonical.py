"""JSON as it is signed, chained and sent: one text for each value, and nothing half-read.

Decoding is strict: anything unexpected is a `WireError` of one line.
"""

import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

import orjson

T = TypeVar("T")


class WireError(ValueError):
    """A message that is not what it should be; the text says what and where."""


def encode(value: Any) -> bytes:
    """A message: sorted keys, no blanks, UTF-8. The same value always gives the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def as_chained(value: Any) -> str:
    """What a journal's hashes cover, as its unit writes it: every number in Python's own spelling."""
    return _CHAINED.encode(value)


_CHAINED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def decode(raw: bytes) -> dict[str, Any]:
    """A JSON object. WireError for anything else, NaN and numbers that nothing here can hold included."""
    try:
        value = orjson.loads(raw)
        if _MANY_DIGITS in raw.translate(_ZEROS):
            json.loads(raw, parse_int=_held)  # what is beyond a machine word orjson has read as a fraction
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS = b"0" * 19
"""What every number beyond 64 bits has, and hardly a message, once each digit is a nought."""


def _held(digits: str) -> int:
    """A whole number. ValueError for one that no database here can hold."""
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("a number is too large")
    return number


def whole(value: Any) -> int:
    """A whole number. ValueError for anything else, however like one it looks."""
    if type(value) is not int:
        raise ValueError(f"{value!r:.40} is not a whole number")
    return value


def checked(what: str, read: Callable[[], T]) -> T:
    """Run a reader; whatever a malformed message makes it raise becomes a WireError that names `what`."""
    try:
        return read()
    except WireError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, binascii.Error) as error:
        raise WireError(f"{what}: {type(error).__name__} {error}") from None
