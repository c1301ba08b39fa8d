"""Codes that make one device known: good once, for a quarter of an hour, and for five tries."""

import hmac
import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from access.facts import stamp
from server_sync.enrolment import NUMBERS, Code
from twin import epochs, knowledge, tables
from twin.people import Unknown
from twin.store import Record, Store, put, raise_versions

LIFE = timedelta(minutes=15)
TRIES = 5
"""How many wrong tries lock a code."""

_C, _U = tables.codes, tables.units


class CodeRefused(Exception):
    """No code is made, or none is taken; the text says why, for the workshop's people."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a new device is told, this once. `machine`: None for a kiosk."""

    unit: str
    machine: str | None
    tag_key: str


class Enrolments:
    """The twin's open codes, and what they open."""

    def __init__(self, store: Store, fingerprint: str) -> None:
        """`fingerprint`: that of the twin's certificate authority."""
        self._store = store
        self._fingerprint = fingerprint

    def offer(self, unit: str, machine: str | None, now: datetime) -> Code:
        """A code for a device that is to be called `unit`; without a machine a known unit keeps its own, and a
        new one is a kiosk. Unknown, CodeRefused."""
        with self._store.write() as conn:
            self._store.lock(conn, "site")
            machine = _machine_for(conn, unit, machine)
            conn.execute(delete(_C).where((_C.c.expires <= stamp(now)) | (_C.c.unit == unit)))
            code = Code.fresh(_free_number(conn), self._fingerprint)
            kept = {"unit": unit, "machine": machine, "secret": code.digest, "expires": stamp(now + LIFE)}
            conn.execute(_C.insert(), {"number": code.number, "wrong": 0, **kept})
        return code

    def redeem(self, number: int, digest: str, public_key: str, address: str, now: datetime) -> Enrolled:
        """The device that shows this code is known from now on, under this key. CodeRefused."""
        with self._store.write() as conn:
            self._store.lock(conn, "site")
            code = _open(conn, number, digest, now)
            enrolled = None if code is None else _enrolled(conn, code, public_key, address)
        if enrolled is None:  # only now: the wrong try must be on disk
            raise CodeRefused("Code faux, périmé, déjà utilisé ou bloqué : en faire un nouveau.")
        return enrolled


def _machine_for(conn: Connection, unit: str, machine: str | None) -> str | None:
    known = conn.execute(select(_U.c.machine).where(_U.c.id == unit)).one_or_none()
    if known is not None:
        if machine not in (None, known.machine):
            raise CodeRefused(f"Le boîtier « {unit} » est celui de « {known.machine} » : choisir un autre nom.")
        return None if known.machine is None else str(known.machine)
    if machine is not None and knowledge.machine(conn, machine) is None:
        raise Unknown(f"no machine {machine}")
    if machine is not None and conn.execute(select(_U.c.id).where(_U.c.machine == machine)).first() is not None:
        raise CodeRefused(f"La machine « {machine} » a déjà un boîtier.")
    return machine


def _free_number(conn: Connection) -> int:
    taken = set(conn.execute(select(_C.c.number)).scalars())
    free = [number for number in range(NUMBERS) if number not in taken]
    if not free:
        raise CodeRefused(f"{NUMBERS} codes attendent déjà : attendre un quart d'heure.")
    return free[0]


def _open(conn: Connection, number: int, digest: str, now: datetime) -> Record | None:
    """The code that this is, used up; None when it is none, and then a wrong try is counted."""
    code = conn.execute(select(_C).where(_C.c.number == number, _C.c.expires > stamp(now))).one_or_none()
    if code is None or code.wrong >= TRIES:
        return None
    if not hmac.compare_digest(code.secret, digest):
        conn.execute(_C.update().where(_C.c.number == number).values(wrong=code.wrong + 1))
        return None
    conn.execute(delete(_C).where(_C.c.number == number))
    return code


def _enrolled(conn: Connection, code: Record, public_key: str, address: str) -> Enrolled | None:
    """The device is known; not under a key that is another's, or that was revoked."""
    same = select(_U.c.id).where(_U.c.public_key == public_key)
    if conn.execute(same.where((_U.c.id != code.unit) | _U.c.revoked)).first() is not None:
        return None
    told = Enrolled(code.unit, code.machine, os.urandom(32).hex())
    values = {"machine": told.machine, "public_key": public_key, "tag_key": told.tag_key, "revoked": False}
    put(conn, _U, {"id": told.unit}, values | {"address": address if told.machine else ""})
    epochs.forgive(conn, told.unit)
    raise_versions(conn)
    return told
