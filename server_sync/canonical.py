"""JSON as it is signed, chained and sent: one text for each value, and nothing half-read.

Decoding is strict: anything unexpected is a `WireError` of one line.
"""

import binascii
import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class WireError(ValueError):
    """A message that is not what it should be; the text says what and where."""


def encode(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8. The same value always gives the same bytes."""
    return _ENCODER.encode(value).encode()


def decode(raw: bytes) -> dict[str, Any]:
    """A JSON object. WireError for anything else, NaN and numbers that nothing here can hold included."""
    try:
        value = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _of_64_bits(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("a number is too large")
    return number


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, parse_int=_of_64_bits)


def checked(what: str, read: Callable[[], T]) -> T:
    """Run a reader; whatever a malformed message makes it raise becomes a WireError that names `what`."""
    try:
        return read()
    except WireError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, binascii.Error) as error:
        raise WireError(f"{what}: {type(error).__name__} {error}") from None
