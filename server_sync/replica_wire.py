"""A replica, and what is in it, as JSON."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from access.bookings import Booking, BookingState
from access.facts import instant, stamp
from access.machines import Machine, Output
from access.people import Badge, Category, Member, Role, Strength
from access.policy import Policy, UntrustedClock
from access.replica import Device, Replica, Version
from access.times import DAYS, Hours, Opening
from access.vocabulary import Source
from server_sync.canonical import WireError, checked, decode, encode, whole

V = TypeVar("V", Machine, Policy)


def replica_to_bytes(replica: Replica) -> bytes:
    """A replica, before the twin signs it."""
    return encode(
        {
            "version": [replica.version.epoch, replica.version.n],
            "issued": stamp(replica.issued),
            "machine": machine_to_json(replica.machine),
            "policy": policy_to_json(replica.policy),
            "opening": opening_to_json(replica.opening),
            "members": [member_to_json(member) for member in replica.members.values()],
            "bookings": [booking_to_json(booking) for booking in replica.bookings],
            "acked": list(replica.acked),
            "devices": [device_to_json(device) for device in replica.devices],
            "erased": sorted(replica.erased),
        }
    )


def replica_from_bytes(raw: bytes) -> Replica:
    """A replica, after its signature was checked."""
    data = decode(raw)

    def read() -> Replica:
        members = [member_from_json(member) for member in data["members"]]
        return Replica(
            Version(*map(whole, data["version"])),
            instant(data["issued"]),
            machine_from_json(data["machine"]),
            policy_from_json(data["policy"]),
            opening_from_json(data["opening"]),
            {member.id: member for member in members},
            tuple(booking_from_json(booking) for booking in data["bookings"]),
            (whole(data["acked"][0]), whole(data["acked"][1])),
            tuple(device_from_json(device) for device in data["devices"]),
            frozenset(map(str, data.get("erased", []))),
        )

    return checked("replica", read)


def device_to_json(device: Device) -> dict[str, Any]:
    """A device as JSON."""
    return {f.name: getattr(device, f.name) for f in fields(device)}


def device_from_json(raw: Mapping[str, Any]) -> Device:
    """A device from JSON."""
    machine = raw["machine"]
    return Device(str(raw["id"]), str(raw["key"]), str(raw["address"]), None if machine is None else str(machine))


def machine_to_json(machine: Machine) -> dict[str, Any]:
    """A machine as JSON."""
    plain = {f.name: getattr(machine, f.name) for f in fields(machine)}
    return plain | {"requires": sorted(machine.requires)}


def _strength(raw: Any) -> Strength | None:
    return None if raw is None else Strength(raw)


def machine_from_json(raw: Mapping[str, Any]) -> Machine:
    """A machine from JSON."""

    def read() -> Machine:
        kinds = {
            "requires": frozenset(raw["requires"]),
            "output": Output(raw["output"]),
            "weakest_badge": _strength(raw["weakest_badge"]),
        }
        return _of_its_kinds(Machine(**{**raw, **kinds}))

    return checked("machine", read)


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """A policy as JSON."""
    return {f.name: getattr(policy, f.name) for f in fields(policy)}


def policy_from_json(raw: Mapping[str, Any]) -> Policy:
    """A policy from JSON."""

    def read() -> Policy:
        policy = Policy(**{**raw, "untrusted_clock": UntrustedClock(raw["untrusted_clock"])})
        return _of_its_kinds(policy)

    return checked("policy", read)


def _of_its_kinds(value: V) -> V:
    """The value, if each of its plain fields is what its class says; a whole number will do for any other."""
    for f in fields(value):
        found = type(getattr(value, f.name))
        if isinstance(f.type, type) and found is not f.type and (f.type, found) != (float, int):
            raise WireError(f"{f.name} is not {f.type.__name__}")
    return value


def opening_to_json(opening: Opening) -> dict[str, Any]:
    """Opening hours as JSON; an end of 24:00 is written so."""
    return {
        "timezone": opening.timezone,
        "hours": [
            {
                "days": [DAYS[day] for day in sorted(hours.days)],
                "from": hours.start.isoformat("minutes"),
                "to": "24:00" if hours.end == time.max else hours.end.isoformat("minutes"),
            }
            for hours in opening.hours
        ],
    }


def opening_from_json(raw: Mapping[str, Any]) -> Opening:
    """Opening hours from JSON."""
    return checked(
        "opening",
        lambda: Opening(
            ZoneInfo(str(raw["timezone"]) or "?").key,
            tuple(
                Hours(
                    frozenset(DAYS.index(day) for day in hours["days"]),
                    time.fromisoformat(hours["from"]),
                    time.max if hours["to"] == "24:00" else time.fromisoformat(hours["to"]),
                )
                for hours in raw["hours"]
            ),
        ),
    )


def member_to_json(member: Member) -> dict[str, Any]:
    """A member as JSON: no name, and badges only as tags."""
    return {
        "id": member.id,
        "badges": [_badge_to_json(badge) for badge in member.badges],
        "qualifications": sorted(member.qualifications),
        "role": member.role,
        "category": member.category,
        "valid_until": None if member.valid_until is None else stamp(member.valid_until),
    }


def _badge_to_json(badge: Badge) -> list[Any]:
    """A badge's tag and whether it is revoked; its strength and key where it has more than a number, and until
    when it is good where it was lent."""
    bare = [badge.tag, badge.revoked]
    if badge.until is not None:
        return [*bare, badge.strength, badge.key, stamp(badge.until)]
    return bare if badge.strength is Strength.UID else [*bare, badge.strength, badge.key]


def _badge_from_json(
    tag: Any, revoked: Any, strength: Any = Strength.UID, key: Any = "", until: Any = None
) -> Badge:
    ends = None if until is None else instant(until)
    return Badge(str(tag), bool(revoked), Strength(strength), str(key), ends)


def member_from_json(raw: Mapping[str, Any]) -> Member:
    """A member from JSON."""
    return checked(
        "member",
        lambda: Member(
            str(raw["id"]),
            tuple(_badge_from_json(*badge) for badge in raw["badges"]),
            frozenset(raw["qualifications"]),
            Role(raw["role"]),
            Category(raw["category"]),
            None if raw["valid_until"] is None else instant(raw["valid_until"]),
        ),
    )


def booking_to_json(booking: Booking) -> dict[str, Any]:
    """A booking as JSON."""
    return {
        "id": booking.id,
        "machine": booking.machine,
        "member": booking.member,
        "start": stamp(booking.start),
        "end": stamp(booking.end),
        "source": booking.source,
        "state": booking.state,
        "started": booking.started,
    }


def booking_from_json(raw: Mapping[str, Any]) -> Booking:
    """A booking from JSON."""
    return checked(
        "booking",
        lambda: Booking(
            str(raw["id"]),
            str(raw["machine"]),
            str(raw["member"]),
            instant(raw["start"]),
            instant(raw["end"]),
            Source(raw["source"]),
            BookingState(raw["state"]),
            bool(raw["started"]),
        ),
    )
