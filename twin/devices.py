"""How a unit or a kiosk proves who it is: an Ed25519 signature over each of its requests.

    Lisiere-Unit: <its id>
    Lisiere-Signature: <base64 of the signature over `signed(...)`>

The other side of this is `server_sync.client`; the two must build the very same bytes.
"""

import base64
import binascii
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server_sync.identity import IdentityError, PublicKey
from twin.tables import units

UNIT_HEADER = "lisiere-unit"
SIGNATURE_HEADER = "lisiere-signature"


@dataclass(frozen=True, slots=True)
class Device:
    """A device that has proved who it is. One with no machine of its own is a kiosk."""

    id: str
    machine: str | None


def signed(method: str, path: str, body: bytes) -> bytes:
    """What a device signs: `path` as it is sent, with its query where there is one."""
    return f"{method}\n{path}\n".encode() + body


def device(db: Connection, unit: str, signature: str, message: bytes) -> Device | None:
    """The device that signed the message; None when it is unknown, revoked or did not sign it."""
    found = db.execute(
        select(units.c.machine, units.c.public_key).where(units.c.id == unit, units.c.revoked.is_(False))
    ).one_or_none()
    if found is None:
        return None
    try:
        PublicKey(found.public_key).check(base64.b64decode(signature, validate=True), message)
    except (IdentityError, binascii.Error, ValueError):
        return None
    return Device(unit, found.machine)
