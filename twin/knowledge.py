"""What the tables say, as the values that the rules know."""

import json
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from access.bookings import Booking, BookingState
from access.facts import instant, stamp
from access.machines import Machine
from access.people import Badge, Category, Member, Role, Strength
from access.policy import Policy
from access.replica import Device
from access.times import Opening
from access.vocabulary import Source
from server_sync.identity import badge_tag
from server_sync.replica_wire import machine_from_json, opening_from_json, policy_from_json
from twin import tables
from twin.prepared import Prepared

_META = Prepared(select(tables.meta.c.value).where(tables.meta.c.key == bindparam("key")))
_MACHINE = Prepared(
    select(tables.machines.c.description, tables.machines.c.locked).where(tables.machines.c.id == bindparam("id"))
)
_MEMBER = Prepared(select(tables.members).where(tables.members.c.id == bindparam("id")))
_MEMBERS = Prepared(select(tables.members).order_by(tables.members.c.id))
_K = tables.card_keys.c
_BADGES = Prepared(
    select(tables.badges, _K.strength, _K.machine_key, _K.kiosk_key)
    .join_from(tables.badges, tables.card_keys, isouter=True)
    .order_by(tables.badges.c.member, tables.badges.c.number)
)
_BOOKING = Prepared(select(tables.bookings).where(tables.bookings.c.id == bindparam("id")))
_ACCEPTED = tables.bookings.c.state == BookingState.ACCEPTED.value
_IN_A_WINDOW = (
    select(tables.bookings)
    .where(tables.bookings.c.machine == bindparam("machine"))
    .where(tables.bookings.c.end > bindparam("after"), tables.bookings.c.start < bindparam("before"))
    .order_by(tables.bookings.c.start, tables.bookings.c.id)
)
_ALL_BOOKINGS = Prepared(_IN_A_WINDOW)
_BOOKINGS = Prepared(_IN_A_WINDOW.where(_ACCEPTED))
_DEVICES = Prepared(
    select(tables.units.c.id, tables.units.c.public_key, tables.units.c.address, tables.units.c.machine)
    .where(tables.units.c.revoked.is_(False))
    .order_by(tables.units.c.id)
)
_ELSEWHERE = Prepared(
    select(func.count().label("n"))
    .select_from(tables.bookings)
    .where(tables.bookings.c.member == bindparam("member"), _ACCEPTED)
    .where(tables.bookings.c.machine != bindparam("machine"), tables.bookings.c.start > bindparam("now"))
)
_FAR = "9999"


@lru_cache(maxsize=64)
def policy_of(text: str) -> Policy:
    """A policy, as `meta` keeps it."""
    return policy_from_json(json.loads(text))


@lru_cache(maxsize=64)
def opening_of(text: str) -> Opening:
    """Opening hours, as `meta` keeps them."""
    return opening_from_json(json.loads(text))


@lru_cache(maxsize=1024)
def _machine_of(description: str) -> Machine:
    return machine_from_json(json.loads(description))


@lru_cache(maxsize=1024)
def _qualifications(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def meta(conn: Connection, key: str) -> str | None:
    """What is kept of the site under a name; None where nothing is."""
    row = _META.one(conn, {"key": key})
    return None if row is None else str(row.value)


def policy(conn: Connection) -> Policy:
    """The association's policy."""
    return policy_of(_META.one(conn, {"key": "policy"}).value)


def opening(conn: Connection) -> Opening:
    """When the workshop is open."""
    return opening_of(_META.one(conn, {"key": "opening"}).value)


def machine(conn: Connection, id: str) -> Machine | None:
    """A machine, and whether it is locked; None when there is no such machine."""
    row = _MACHINE.one(conn, {"id": id})
    return None if row is None else replace(_machine_of(row.description), locked=bool(row.locked))


def member(conn: Connection, id: str) -> Member | None:
    """A member without badges; None when there is no such member."""
    row = _MEMBER.one(conn, {"id": id})
    return None if row is None else _member(row, ())


def members(conn: Connection, tag_key: bytes, machine: Machine | None = None) -> dict[str, Member]:
    """Every member, with badges as the unit with this key knows them: of those who may use its machine it holds
    the machine keys of their cards. Without a machine it is a kiosk, which holds everybody's kiosk keys."""
    shown: dict[str, list[Any]] = {}
    for badge in _BADGES.run(conn, {}):
        shown.setdefault(badge.member, []).append(badge)
    found = {}
    for row in _MEMBERS.run(conn, {}):
        member = _member(row, ())
        badges = tuple([_badge(badge, tag_key, member, machine) for badge in shown.get(member.id, ())])
        found[member.id] = replace(member, badges=badges)
    return found


def _badge(row: Any, tag_key: bytes, member: Member, machine: Machine | None) -> Badge:
    until = None if row.until is None else instant(row.until)
    bare = Badge(badge_tag(row.number, tag_key), bool(row.revoked), until=until)
    if row.strength is None:
        return bare
    key = row.kiosk_key if machine is None else row.machine_key if machine.may_be_used_by(member) else ""
    return replace(bare, strength=Strength(row.strength), key=key)


def _member(row: Any, badges: tuple[Badge, ...]) -> Member:
    return Member(
        row.id,
        badges,
        _qualifications(row.qualifications),
        Role(row.role),
        Category(row.category),
        None if row.valid_until is None else instant(row.valid_until),
    )


def booking(conn: Connection, id: str) -> Booking | None:
    """A booking that was accepted once, however it stands now; None when there is none."""
    row = _BOOKING.one(conn, {"id": id})
    return None if row is None else _booking(row)


def bookings(
    conn: Connection, machine: str, after: datetime, before: datetime | None = None
) -> tuple[Booking, ...]:
    """The machine's accepted bookings that end after the one instant and start before the other."""
    window = {"machine": machine, "after": stamp(after), "before": stamp(before) if before else _FAR}
    return tuple(_booking(row) for row in _BOOKINGS.run(conn, window))


def bookings_as_they_stand(
    conn: Connection, machine: str, after: datetime, before: datetime
) -> tuple[Booking, ...]:
    """The same, with the released and cancelled ones: a unit must see that a booking it runs was given back."""
    window = {"machine": machine, "after": stamp(after), "before": stamp(before)}
    return tuple(_booking(row) for row in _ALL_BOOKINGS.run(conn, window))


def devices(conn: Connection) -> tuple[Device, ...]:
    """The site's units and kiosks that were not revoked."""
    return tuple(Device(row.id, row.public_key, row.address, row.machine) for row in _DEVICES.run(conn, {}))


def elsewhere(conn: Connection, member: str, machine: str, now: datetime) -> int:
    """How many accepted bookings the member has on other machines that start in the future."""
    asked = {"member": member, "machine": machine, "now": stamp(now)}
    return int(_ELSEWHERE.one(conn, asked).n)


def _booking(row: Any) -> Booking:
    return Booking(
        row.id,
        row.machine,
        row.member,
        instant(row.start),
        instant(row.end),
        Source(row.source),
        BookingState(row.state),
        bool(row.started),
    )
