"""What the team does at a kiosk's screen, what the screens themselves say, and the acts that came of it.

A request from a kiosk names in its query the badge that lies on its reader (`?badge=TAG`); the guard has found out
whose it is, and whether that person may (`auth.BY_BADGE`), before any of these routes runs.
"""

from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, select

from access.facts import stamp
from access.people import Role as Person
from access.people import Strength, drawn_afresh
from access.times import Opening
from access.vocabulary import LockReason, ServiceKind, UnlockReason
from twin import acts, knowledge, screen, tables, upkeep
from twin.acts import Act, Deed
from twin.auth import Caller, Denied, Role, TheCaller
from twin.context import TheTwin, Twin
from twin.periods import open_span
from twin.screen import Screen
from twin.shapes import Body, Done, Most, Name, Text
from twin.upkeep import Record

office = APIRouter(tags=["office"])

Number = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8,20}$")]
Secret = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{32}$")]
Tag = Annotated[str, Query(max_length=128, description="the keyed tag of the badge on the kiosk's reader")]

LENT_BY_TRAINERS = frozenset({Person.MEMBER, Person.TRAINER})
"""Whom a trainer lends a badge to: nobody who may do more than a trainer."""


class AtMachine(Body):
    """Which machine; `id` is the kiosk's own, so that asking twice is one act."""

    id: Name
    machine: Name


class Locked(AtMachine):
    """A machine, and why it is out of service."""

    why: LockReason


class Unlocked(AtMachine):
    """A machine, and why it is back in service."""

    why: UnlockReason


class Serviced(AtMachine):
    """A machine, and what was done to it."""

    kind: ServiceKind


class Lent(Body):
    """A badge that lies on the reader, and whose it is for today."""

    id: Name
    member: Name
    number: Number


class Written(Body):
    """A card that was written at this desk, whose it is, and its own two keys."""

    id: Name
    member: Name
    number: Number
    machine_key: Secret
    kiosk_key: Secret


class LentOut(BaseModel):
    """Until when a day badge is good."""

    until: str


# --- technicians ---


@office.get("/api/kiosk/team/record")
def show_record(twin: TheTwin, machine: Annotated[str, Query(max_length=64)], badge: Tag = "") -> Record:
    """A machine's hours, services, runs and faults."""
    with twin.store.read() as db:
        return upkeep.record(db, _machine(db, machine), twin.now())


@office.post("/api/kiosk/team/lock")
def lock(asked: Locked, caller: TheCaller, twin: TheTwin, badge: Tag = "") -> Done:
    """Put a machine out of service."""
    act = _act(twin, caller, Deed.LOCK, asked, why=asked.why)
    twin.people.lock(asked.machine, str(caller.member), asked.why, act)
    return Done()


@office.post("/api/kiosk/team/unlock")
def unlock(asked: Unlocked, caller: TheCaller, twin: TheTwin, badge: Tag = "") -> Done:
    """Put a machine back in service. It starts nothing: somebody has to tap."""
    act = _act(twin, caller, Deed.UNLOCK, asked, why=asked.why)
    twin.people.unlock(asked.machine, str(caller.member), act)
    return Done()


@office.post("/api/kiosk/team/service")
def note_service(asked: Serviced, caller: TheCaller, twin: TheTwin, badge: Tag = "") -> Done:
    """A service was done: its interval begins anew."""
    with twin.store.read() as db:
        _machine(db, asked.machine)
    twin.people.note(_act(twin, caller, Deed.SERVICE, asked, kind=asked.kind))
    return Done()


@office.post("/api/kiosk/team/reports")
def close_reports(asked: AtMachine, caller: TheCaller, twin: TheTwin, badge: Tag = "") -> Done:
    """What was reported about a machine has been dealt with."""
    with twin.store.read() as db:
        _machine(db, asked.machine)
    twin.people.note(_act(twin, caller, Deed.REPORTS_CLOSED, asked))
    return Done()


# --- badges ---


@office.post("/api/kiosk/team/lend")
def lend(asked: Lent, caller: TheCaller, twin: TheTwin, badge: Tag = "") -> LentOut:
    """Lend a badge that is nobody's own, until the site's day is over. A trainer lends none of the team's."""
    if drawn_afresh(asked.number):
        raise Denied(409, "no_badge", "Ce numéro change à chaque passage : prendre un vrai badge.")
    now = twin.now()
    with twin.store.read() as db:
        until = day_end(knowledge.opening(db), now)
        borrower = knowledge.member(db, asked.member)
    if borrower is None:
        raise Denied(404, "not_found", f"Il n'y a pas de membre « {asked.member} ».")
    if caller.role is not Role.ADMIN and borrower.role not in LENT_BY_TRAINERS:
        raise Denied(403, "badge_not_allowed", "Seule l'administration prête le badge de l'équipe.")
    detail = {"badge": f"…{asked.number[-4:].upper()}", "until": stamp(until)}
    act = Act(now, Deed.BADGE_LENT, caller.member, None, asked.member, caller.id, detail, asked.id)
    twin.people.lend(asked.number, asked.member, until, act)
    return LentOut(until=stamp(until))


@office.post("/api/kiosk/team/card")
def put_card(asked: Written, caller: TheCaller, twin: TheTwin, badge: Tag = "") -> Done:
    """A member's card was written at this kiosk, which has to be a desk. Its keys are never read from here."""
    with twin.store.read() as db:
        if not db.execute(select(tables.units.c.desk).where(tables.units.c.id == caller.id)).scalar_one():
            raise Denied(403, "no_desk", "Cette borne n'est pas un bureau : voir « desk » dans docs/kiosk.md.")
        if knowledge.member(db, asked.member) is None:
            raise Denied(404, "not_found", f"Il n'y a pas de membre « {asked.member} ».")
    detail = {"badge": f"…{asked.number[-4:].upper()}"}
    act = Act(twin.now(), Deed.BADGE_ENROLLED, caller.member, None, asked.member, caller.id, detail, asked.id)
    keys = bytes.fromhex(asked.machine_key), bytes.fromhex(asked.kiosk_key)
    twin.people.put_card(asked.number, asked.member, Strength.NTAG424, *keys, act)
    return Done()


def day_end(opening: Opening, now: datetime) -> datetime:
    """When the site's day is over: at its last closing; at midnight where that has been, or there is none."""
    zone = ZoneInfo(opening.timezone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(0), zone).astimezone(now.tzinfo)
    closings = [end for _, end in opening.intervals(now, midnight) if now < end <= midnight]
    return max(closings, default=midnight)


def _act(twin: Twin, caller: Caller, deed: Deed, asked: AtMachine, **detail: str) -> Act:
    return Act(twin.now(), deed, caller.member, asked.machine, None, caller.id, detail, asked.id)


def _machine(db: Connection, id: str) -> Row[Any]:
    row = db.execute(select(tables.machines).where(tables.machines.c.id == id)).one_or_none()
    if row is None:
        raise Denied(404, "not_found", f"Il n'y a pas de machine « {id} ».")
    return row


# --- what was done ---


class ActOut(BaseModel):
    """An act. `by` and `about` are null once that member was erased; `kiosk` is empty for the web."""

    id: str
    at: str
    deed: Deed
    by: str | None
    machine: str | None
    about: str | None
    kiosk: str
    detail: dict[str, str]


@office.get("/api/acts")
def list_acts(
    twin: TheTwin, machine: Text = None, since: Text = None, until: Text = None, most: Most = 100
) -> list[ActOut]:
    """What the team did to machines and badges, the latest first."""
    with twin.store.read() as db:
        span = open_span(db, since, until)
        found = acts.between(db, span.start, span.end, most, machine)
    return [_told(act) for act in found]


def _told(act: Act) -> ActOut:
    return ActOut(**{name: getattr(act, name) for name in ActOut.model_fields} | {"at": stamp(act.at)})


# --- what the screens say ---


@office.get("/api/screen")
def show_screen(twin: TheTwin) -> Screen:
    """What the site's kiosks show and ask."""
    with twin.store.read() as db:
        return screen.load(db)


@office.put("/api/screen")
def put_screen(asked: Screen, twin: TheTwin) -> Screen:
    """Set what the site's kiosks show and ask, all of it. They have it within seconds."""
    with twin.store.read() as db:
        named = {helper.member for helper in asked.helpers} | set(asked.languages)
        strangers = sorted(member for member in named if knowledge.member(db, member) is None)
    if strangers:
        raise Denied(422, "who", f"Il n'y a pas de membre « {strangers[0]} ».")
    twin.people.put_screen(screen.plain(asked))
    return asked
