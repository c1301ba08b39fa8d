"""A site pack: what a workshop has and decides, in the words that a rehearsal uses (docs/rehearsal.md).

Beside those words a pack has names for people: `name` of the site, of each machine and of each member. What it says
of a thing is all that is said of it; a machine or a member that it does not mention stays as the twin has it.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from access.machines import Machine
from access.policy import Policy
from access.times import Opening
from lisiere.rehearse.reading import Reader
from lisiere.rehearse.script import Person, ScriptError
from lisiere.rehearse.vocabulary import Key

T = TypeVar("T")

PACK = {
    "name": Key("text", ""),
    "timezone": Key("timezone", "Europe/Paris"),
    "policy": Key("table", {}),
    "opening": Key("tables", []),
    "machine": Key("tables", []),
    "member": Key("tables", []),
}


@dataclass(frozen=True, slots=True)
class Pack:
    """A whole workshop; each machine and each member with what they are called, which may be nothing."""

    name: str
    policy: Policy
    opening: Opening
    machines: tuple[tuple[Machine, str], ...]
    people: tuple[tuple[Person, str], ...]


def read(path: Path) -> Pack:
    """The pack in a file. ScriptError: one line that says file, key and what is allowed."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ScriptError(f"{path}: not TOML: {error}") from None
    return _PackReader(str(path)).pack(raw)


class _PackReader(Reader):
    """Reads a rehearsal's words, and names."""

    def pack(self, raw: Mapping[str, Any]) -> Pack:
        """A whole pack."""
        values = self.table(raw, PACK, "")
        machines = self._named("machine", values["machine"], self.machine)
        people = self._named("member", values["member"], self.person)
        policy, opening = self.policy(values["policy"]), self.opening(values["timezone"], values["opening"])
        return Pack(values["name"], policy, opening, machines, people)

    def _named(self, what: str, tables: list[Any], read: Callable[[Any, int], T]) -> tuple[tuple[T, str], ...]:
        """Tables that may hold a name beside what `read` knows of them."""
        found = []
        for place, table in enumerate(tables, 1):
            table = dict(table) if isinstance(table, dict) else table
            name = table.pop("name", "") if isinstance(table, dict) else ""
            found.append((read(table, place), self.value(f"{what} {place}.name", "text", name)))
        return tuple(found)
