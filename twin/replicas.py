"""What a unit is given to decide alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from access.machines import Machine
from access.replica import Replica, Version
from server_sync.identity import PrivateKey, seal
from server_sync.replica_wire import replica_to_bytes
from twin import erasure, knowledge

BACK = timedelta(days=2)
AHEAD = timedelta(days=40)
REFRESH = timedelta(days=30)
"""A replica reaches 40 days ahead, and a new one is due when less than 30 of them are left."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit a replica is for; `epoch` is its journal's. A kiosk has no machine."""

    id: str
    epoch: int
    machine: str | None
    tag_key: bytes


def build(conn: Connection, unit: Unit, version: Version, applied: int, now: datetime) -> Replica:
    """A unit's replica, as the tables stand."""
    machine = None if unit.machine is None else knowledge.machine(conn, unit.machine)
    return Replica(
        version,
        now,
        machine or Machine(""),
        knowledge.policy(conn),
        knowledge.opening(conn),
        knowledge.members(conn, unit.tag_key, machine),
        knowledge.bookings_as_they_stand(conn, machine.id, now - BACK, now + AHEAD) if machine else (),
        (unit.epoch, applied),
        knowledge.devices(conn),
        erasure.marks(conn),
    )


def sealed(replica: Replica, key: PrivateKey) -> bytes:
    """A replica as it travels and as the unit keeps it, signed by the twin."""
    return seal(replica_to_bytes(replica), key)
