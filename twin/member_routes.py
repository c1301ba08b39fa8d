"""Members and their badges over HTTP."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from access.people import Category, Role, Strength
from twin import auth, knowledge, tables
from twin.auth import Denied, TheCaller
from twin.context import TheTwin, Twin
from twin.shapes import Body, Done, Id, Label, Moment, Name, Qualifications

members = APIRouter()

Number = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8,32}$")]
Numbers = Annotated[list[Number], Field(max_length=20)]


class MemberChange(Body):
    """What is to change about a member; `badges` are added to those the member has."""

    name: Label = ""
    badges: Numbers = []
    qualifications: Qualifications = []
    role: Role = Role.MEMBER
    category: Category = Category.PARTICULIER
    valid_until: Moment | None = None


class NewMember(MemberChange):
    """A new member. `valid_until` is exclusive; without it the membership has no end."""

    id: Name


CardSecret = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{32}$")]


class Card(Body):
    """A badge that proves itself: whose it is, and its own two keys."""

    member: Name
    strength: Literal[Strength.NTAG424, Strength.DESFIRE] = Strength.NTAG424
    machine_key: CardSecret
    kiosk_key: CardSecret


class BadgeOut(BaseModel):
    """A badge. Only administrators read its whole number, others its end."""

    number: str
    revoked: bool


class MemberOut(BaseModel):
    """A member and the member's badges."""

    id: str
    name: str
    role: Role
    category: Category
    qualifications: list[str]
    valid_until: str | None
    badges: list[BadgeOut]


@members.get("/api/members", tags=["people"])
def list_members(caller: TheCaller, twin: TheTwin) -> list[MemberOut]:
    """Every member."""
    with twin.store.read() as db:
        return members_of(db, whole_numbers=caller.role is auth.Role.ADMIN)


@members.post("/api/members", status_code=201, tags=["people"])
def add_member(asked: NewMember, twin: TheTwin) -> MemberOut:
    """Add a member."""
    with twin.store.read() as db:
        if knowledge.member(db, asked.id) is not None:
            raise Denied(409, "exists", f"Le membre « {asked.id} » existe déjà : le modifier par PATCH.")
    return _put_member(twin, asked.id, MemberChange(**asked.model_dump(exclude={"id"})))


@members.patch("/api/members/{member}", tags=["people"])
def change_member(member: Id, asked: MemberChange, twin: TheTwin) -> MemberOut:
    """Change what is given about a member; the rest stays."""
    with twin.store.read() as db:
        found = [known for known in members_of(db) if known.id == member]
    if not found:
        raise Denied(404, "not_found", f"Il n'y a pas de membre « {member} ».")
    known = found[0].model_dump(include=set(MemberChange.model_fields) - {"badges"})
    return _put_member(twin, member, MemberChange(**known | asked.model_dump(exclude_unset=True)))


@members.delete("/api/members/{member}", tags=["people"])
def erase_member(member: Id, twin: TheTwin) -> Done:
    """Forget a member, here and on every unit. The durations of past runs stay; this cannot be undone."""
    twin.people.erase(member, twin.now())
    return Done()


def _put_member(twin: Twin, id: str, wanted: MemberChange) -> MemberOut:
    numbers = [number.upper() for number in wanted.badges]
    _refuse_taken(twin, id, numbers)
    twin.people.put_member(
        id, numbers, wanted.qualifications, wanted.role, wanted.category, wanted.valid_until, wanted.name
    )
    with twin.store.read() as db:
        return next(known for known in members_of(db) if known.id == id)


def _refuse_taken(twin: Twin, id: str, numbers: list[str]) -> None:
    """Refuse what would make somebody else's badge this member's."""
    b = tables.badges.c
    with twin.store.read() as db:
        own = select(b.member).where(b.number.in_(numbers), b.member != id, b.until.is_(None))
        taken = db.execute(own).first()
    if taken is not None:
        raise Denied(409, "badge_taken", f"Ce badge est déjà celui de « {taken.member} ».")


def members_of(db: Connection, whole_numbers: bool = True) -> list[MemberOut]:
    """Every member, by name."""
    m, b = tables.members, tables.badges
    badges: dict[str, list[BadgeOut]] = {}
    for row in db.execute(select(b).order_by(b.c.number)):
        number = row.number if whole_numbers else f"…{row.number[-4:]}"
        badges.setdefault(row.member, []).append(BadgeOut(number=number, revoked=row.revoked))
    return [
        MemberOut(
            id=row.id,
            name=row.name,
            role=row.role,
            category=row.category,
            qualifications=json.loads(row.qualifications),
            valid_until=row.valid_until,
            badges=badges.get(row.id, []),
        )
        for row in db.execute(select(m).order_by(m.c.name, m.c.id))
    ]


BadgeNumber = Annotated[str, Path(pattern=r"^[0-9A-Fa-f]{8,32}$")]


@members.put("/api/badges/{number}/card", tags=["people"])
def put_card(number: BadgeNumber, asked: Card, twin: TheTwin) -> Done:
    """A member's card was written at the enrolment desk: these are its keys. They are never read from here."""
    with twin.store.read() as db:
        if knowledge.member(db, asked.member) is None:
            raise Denied(404, "not_found", f"Il n'y a pas de membre « {asked.member} ».")
    keys = bytes.fromhex(asked.machine_key), bytes.fromhex(asked.kiosk_key)
    twin.people.put_card(number, asked.member, asked.strength, *keys)
    return Done()


@members.post("/api/badges/{number}/revoke", tags=["people"])
def revoke_badge(number: BadgeNumber, twin: TheTwin) -> Done:
    """A lost badge is good for nothing from now on; a run that it started ends."""
    twin.people.revoke(number)
    return Done()


@members.post("/api/badges/{number}/restore", tags=["people"])
def restore_badge(number: BadgeNumber, twin: TheTwin) -> Done:
    """A revoked badge is good again."""
    twin.people.restore(number)
    return Done()
