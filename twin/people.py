"""Who and what the workshop has, and its rules. A change raises the version of every unit that must know."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from access.facts import stamp
from access.machines import Machine
from access.people import Category, Role, Strength, erased_mark
from access.policy import Policy
from access.times import Opening
from server_sync.replica_wire import machine_to_json, opening_to_json, policy_to_json
from twin import acts, erasure, tables
from twin.acts import Act
from twin.store import Store, put, raise_versions


class Unknown(LookupError):
    """Something that the twin does not know."""


class Taken(ValueError):
    """A badge that is another member's own; the text is that member's id."""


class Erased(ValueError):
    """An id that was a member's who has been erased."""


class People:
    """Members with their badges, machines with their units, policy and opening hours."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_member(
        self,
        id: str,
        badges: Iterable[str] = (),
        qualifications: Iterable[str] = (),
        role: Role = Role.MEMBER,
        category: Category = Category.PARTICULIER,
        valid_until: datetime | None = None,
        name: str = "",
    ) -> None:
        """Add a member, or change everything about one; `badges` are added to those the member has."""
        values = {
            "name": name,
            "role": role.value,
            "category": category.value,
            "qualifications": json.dumps(sorted(qualifications)),
            "valid_until": None if valid_until is None else stamp(valid_until),
        }
        with self._changing() as conn:
            if erased_mark(id) in erasure.marks(conn):
                raise Erased(f"{id} was erased: choose another id")
            put(conn, tables.members, {"id": id}, values)
            for number in badges:
                put(conn, tables.badges, {"number": _number(number)}, {"member": id, "until": None})

    def erase(self, id: str, now: datetime) -> None:
        """Forget a member, here and on every unit; the id is never used again."""
        with self._changing() as conn:
            if conn.execute(select(tables.members.c.id).where(tables.members.c.id == id)).first() is None:
                raise Unknown(f"no member {id}")
            erasure.erase(conn, id, now)

    def put_machine(self, machine: Machine, name: str = "", service_hours: float | None = None) -> None:
        """Add a machine, or change what is fixed about one; its lock is changed by `lock` and `unlock` alone."""
        description = machine_to_json(machine)
        del description["locked"]
        values = {"name": name, "description": json.dumps(description), "service_hours": service_hours}
        with self._changing(machine.id) as conn:
            put(conn, tables.machines, {"id": machine.id}, values)

    def put_unit(self, id: str, machine: str | None, public_key: str, tag_key: bytes, address: str = "") -> None:
        """Add a machine's unit, or a kiosk (no machine), or change one."""
        values = {"machine": machine, "public_key": public_key, "tag_key": tag_key.hex(), "address": address}
        with self._changing() as conn:  # every device knows the others by their keys
            put(conn, tables.units, {"id": id}, values)

    def put_policy(self, policy: Policy) -> None:
        """What the association decides."""
        self._put_meta(policy=json.dumps(policy_to_json(policy)))

    def put_opening(self, opening: Opening) -> None:
        """When the workshop is open, and where on earth."""
        self._put_meta(opening=json.dumps(opening_to_json(opening)), timezone=opening.timezone)

    def put_site(self, name: str) -> None:
        """What the workshop is called, on every screen."""
        self._put_meta(site=json.dumps({"name": name}, ensure_ascii=False))

    def _put_meta(self, **values: str) -> None:
        with self._changing() as conn:
            for key, value in values.items():
                put(conn, tables.meta, {"key": key}, {"value": value})

    def put_card(
        self,
        badge: str,
        member: str,
        strength: Strength,
        machine_key: bytes,
        kiosk_key: bytes,
        act: Act | None = None,
    ) -> None:
        """A member's badge that proves itself, with its own two keys. A badge stays its member's: Taken."""
        number = {"number": _number(badge)}
        keys = {"strength": strength.value, "machine_key": machine_key.hex(), "kiosk_key": kiosk_key.hex()}
        with self._changing(act=act) as conn:
            _refuse_taken(conn, member, number["number"])
            put(conn, tables.badges, number, {"member": member, "until": None})
            put(conn, tables.card_keys, number, keys)

    def lend(self, badge: str, member: str, until: datetime, act: Act) -> None:
        """A badge that is nobody's own is a member's until an instant; it may be handed on before. Taken."""
        number = {"number": _number(badge)}
        with self._changing(act=act) as conn:
            b = tables.badges
            known = conn.execute(select(b).where(b.c.number == number["number"])).one_or_none()
            if known is not None and (known.until is None or known.revoked):
                raise Taken(known.member)
            if conn.execute(select(tables.members.c.id).where(tables.members.c.id == member)).first() is None:
                raise Unknown(f"no member {member}")
            put(conn, tables.badges, number, {"member": member, "until": stamp(until)})

    def revoke(self, badge: str) -> None:
        """A badge is good for nothing from now on."""
        self._mark_badge(badge, revoked=True)

    def restore(self, badge: str) -> None:
        """A revoked badge is good again."""
        self._mark_badge(badge, revoked=False)

    def _mark_badge(self, badge: str, revoked: bool) -> None:
        number = _number(badge)
        with self._changing() as conn:
            what = f"no badge ends in {number[-4:]}"
            _change(conn, tables.badges, tables.badges.c.number == number, what, {"revoked": revoked})

    def lock(self, machine: str, by: str, why: str, act: Act | None = None) -> None:
        """A machine is out of service."""
        self._mark_machine(machine, {"locked": True, "locked_by": by, "locked_why": why}, act)

    def unlock(self, machine: str, by: str, act: Act | None = None) -> None:
        """A machine is back in service; `by` is kept as whoever last touched its lock."""
        self._mark_machine(machine, {"locked": False, "locked_by": by, "locked_why": None}, act)

    def _mark_machine(self, machine: str, values: dict[str, Any], act: Act | None) -> None:
        with self._changing(machine, act) as conn:
            _change(conn, tables.machines, tables.machines.c.id == machine, f"no machine {machine}", values)

    def note(self, act: Act) -> None:
        """Something was done that changes nothing for any unit."""
        with self._store.write() as conn:
            acts.note(conn, act)

    def revoke_unit(self, unit: str) -> None:
        """A unit is not answered any more."""
        with self._changing() as conn:
            _change(conn, tables.units, tables.units.c.id == unit, f"no unit {unit}", {"revoked": True})

    def put_screen(self, values: Mapping[str, Any]) -> None:
        """What the site's screens show and ask: `twin.screen` says what may be in it."""
        self._put_meta(screen=json.dumps(values, ensure_ascii=False))

    def name_desk(self, kiosk: str, desk: bool) -> None:
        """Badges are given out at a kiosk, or no longer."""
        with self._changing() as conn:
            _change(conn, tables.units, tables.units.c.id == kiosk, f"no unit {kiosk}", {"desk": desk})

    @contextmanager
    def _changing(self, machine: str | None = None, act: Act | None = None) -> Iterator[Connection]:
        """A change that one machine's unit must know, or that all must; with its act, where it is one."""
        with self._store.write() as conn:
            self._store.lock(conn, "site")
            yield conn
            if act is not None:
                acts.note(conn, act)
            raise_versions(conn, machine)


def _refuse_taken(conn: Connection, member: str, number: str) -> None:
    """Refuse what would make somebody else's own badge this member's."""
    b = tables.badges.c
    own = select(b.member).where(b.number == number, b.member != member, b.until.is_(None))
    taken = conn.execute(own).scalar_one_or_none()
    if taken is not None:
        raise Taken(taken)


def _number(badge: str) -> str:
    return badge.strip().upper()


def _change(
    conn: Connection, table: Table, where: ColumnElement[bool], otherwise: str, values: dict[str, Any]
) -> None:
    if conn.execute(table.update().where(where).values(**values)).rowcount == 0:
        raise Unknown(otherwise)
