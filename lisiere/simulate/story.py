"""Writes a failing seed down as a rehearsal."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, time
from typing import Any

from access.machines import Machine
from access.policy import Policy
from access.times import DAYS, Opening
from lisiere.rehearse.script import Act, Person
from lisiere.rehearse.vocabulary import STEPS, STEPS_OF_A_SIMULATION
from lisiere.simulate.shrink import Small

_WORDS = STEPS | STEPS_OF_A_SIMULATION


def told(small: Small) -> str:
    """The text of the rehearsal, which `lisiere rehearse` plays like the seed."""
    lines = [
        f"# seed {small.plan.seed} of `lisiere simulate` broke a promise: {small.violation.rule}",
        *(f"# {line}" for line in small.violation.text.splitlines()),
        f"title = {_value(f'seed {small.plan.seed}: {small.violation.rule}')}",
        f"simulation = {small.plan.seed}",
        f"timezone = {_value(small.plan.opening.timezone)}",
        f"start = {_value(small.plan.start)}",
        f"end = {_value(small.end)}",
        *_policy(small.plan.policy),
        *_opening(small.plan.opening),
        *(line for machine in small.plan.machines for line in _machine(machine)),
        *(line for person in small.plan.people for line in _person(person)),
        *(line for act in small.acts for line in _step(act)),
        *_table("expect", {"never": True, "event": "broken", "rule": small.violation.rule}),
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    told = (f"{key} = {_value(value)}" for key, value in values.items() if value is not None)
    return ["", f"[[{name}]]", *told]


def _policy(policy: Policy) -> list[str]:
    default = Policy()
    changed = {f.name: getattr(policy, f.name) for f in fields(policy)}
    told = [f"{name} = {_value(value)}" for name, value in changed.items() if value != getattr(default, name)]
    return ["", "[policy]", *told] if told else []


def _opening(opening: Opening) -> Iterator[str]:
    for hours in opening.hours:
        to = "24:00" if hours.end == time.max else hours.end.isoformat("minutes")
        days = [DAYS[day] for day in sorted(hours.days)]
        yield from _table("opening", {"days": days, "from": hours.start.isoformat("minutes"), "to": to})


def _machine(machine: Machine) -> list[str]:
    kept = ("id", "requires", "output", "senses_current", "feedback", "rtc", "hazardous")
    return _table("machine", {name: getattr(machine, name) for name in kept})


def _person(person: Person) -> list[str]:
    words = {f.name: getattr(person, f.name) for f in fields(person)}
    return _table("member", words)


def _step(act: Act) -> list[str]:
    """What a rehearsal says of it; some acts know their machine besides, for whoever makes a seed small."""
    said = {name: value for name, value in act.words.items() if name in _WORDS[act.do]}
    return _table("step", {"at": act.at, "do": act.do, **said})


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (frozenset, tuple, list)):
        return json.dumps(sorted(value))
    return json.dumps(value)
