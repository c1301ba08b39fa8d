"""Machines over HTTP, and who puts them out of service."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Row, select

from access.machines import Machine, Output
from access.people import Strength
from server_sync.replica_wire import machine_from_json
from twin import knowledge, tables
from twin.acts import Act, Deed
from twin.auth import Caller, Denied, TheCaller
from twin.context import TheTwin, Twin
from twin.shapes import PLAIN, Body, Id, Label, Name, Qualifications

machines = APIRouter()

Amperes = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class MachineChange(Body):
    """What is to change about a machine. Its lock has routes of its own. `service_hours`: between two services."""

    name: Label = ""
    requires: Qualifications = []
    output: Output = Output.GPIO
    senses_current: bool = True
    idle_below_a: Amperes = 0.2
    feedback: bool = True
    rtc: bool = False
    hazardous: bool = False
    service_hours: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    weakest_badge: Literal[Strength.UID, Strength.NTAG424, Strength.DESFIRE] | None = None


class NewMachine(MachineChange):
    """A new machine."""

    id: Name


class MachineOut(MachineChange):
    """A machine, and whether it is out of service."""

    id: str
    locked: bool
    locked_by: str | None
    locked_why: str | None


class Reasoned(Body):
    """Who puts a machine out of service, or back, and why; `by` is the caller where the token is a member's."""

    by: Name | None = None
    why: Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]


@machines.get("/api/machines", tags=["machines"])
def list_machines(twin: TheTwin) -> list[MachineOut]:
    """Every machine."""
    m = tables.machines
    with twin.store.read() as db:
        return [_machine(row) for row in db.execute(select(m).order_by(m.c.name, m.c.id))]


@machines.post("/api/machines", status_code=201, tags=["machines"])
def add_machine(asked: NewMachine, twin: TheTwin) -> MachineOut:
    """Add a machine."""
    with twin.store.read() as db:
        if knowledge.machine(db, asked.id) is not None:
            raise Denied(409, "exists", f"La machine « {asked.id} » existe déjà : la modifier par PATCH.")
    return _put_machine(twin, asked.id, MachineChange(**asked.model_dump(exclude={"id"})))


@machines.patch("/api/machines/{machine}", tags=["machines"])
def change_machine(machine: Id, asked: MachineChange, twin: TheTwin) -> MachineOut:
    """Change what is given about a machine; the rest stays."""
    known = _known_machine(twin, machine).model_dump(include=set(MachineChange.model_fields))
    return _put_machine(twin, machine, MachineChange(**known | asked.model_dump(exclude_unset=True)))


def _put_machine(twin: Twin, id: str, wanted: MachineChange) -> MachineOut:
    plain = wanted.model_dump(exclude={"name", "service_hours"})
    machine = Machine(id, **plain | {"requires": frozenset(wanted.requires)})
    twin.people.put_machine(machine, wanted.name, wanted.service_hours)
    return _known_machine(twin, id)


def _known_machine(twin: Twin, id: str) -> MachineOut:
    with twin.store.read() as db:
        row = db.execute(select(tables.machines).where(tables.machines.c.id == id)).one_or_none()
    if row is None:
        raise Denied(404, "not_found", f"Il n'y a pas de machine « {id} ».")
    return _machine(row)


def _machine(row: Row[Any]) -> MachineOut:
    machine = machine_from_json(json.loads(row.description))
    ours = set(MachineChange.model_fields) - {"name", "service_hours"}
    known = {name: getattr(machine, name) for name in ours}
    return MachineOut(
        id=row.id,
        name=row.name,
        locked=row.locked,
        locked_by=row.locked_by,
        locked_why=row.locked_why,
        service_hours=row.service_hours,
        **known | {"requires": sorted(machine.requires)},
    )


@machines.post("/api/machines/{machine}/lock", tags=["machines"])
def lock_machine(machine: Id, asked: Reasoned, caller: TheCaller, twin: TheTwin) -> MachineOut:
    """Put a machine out of service."""
    by = _by(twin, caller, asked.by)
    twin.people.lock(machine, by, asked.why, Act(twin.now(), Deed.LOCK, by, machine, detail={"why": asked.why}))
    return _known_machine(twin, machine)


@machines.post("/api/machines/{machine}/unlock", tags=["machines"])
def unlock_machine(machine: Id, asked: Reasoned, caller: TheCaller, twin: TheTwin) -> MachineOut:
    """Put a machine back in service. It starts nothing: somebody has to tap."""
    by = _by(twin, caller, asked.by)
    twin.people.unlock(machine, by, Act(twin.now(), Deed.UNLOCK, by, machine, detail={"why": asked.why}))
    return _known_machine(twin, machine)


def _by(twin: Twin, caller: Caller, named: str | None) -> str:
    """The member who does it: the one the token belongs to, else the one that is named."""
    by = caller.member or named
    with twin.store.read() as db:
        if by is None or knowledge.member(db, by) is None:
            raise Denied(422, "who", "Dire par quel membre, dans « by » : ce jeton n'est celui de personne.")
    return by
