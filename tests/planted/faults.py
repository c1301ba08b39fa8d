"""The planted faults: one-line changes to the product, each of which breaks a rule or a promise on purpose.

A fault is a file `faults/NAME.patch`: what is wrong, what it breaks, and the change as `git apply` reads it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "faults"
RULES = [f"rule {number}" for number in range(1, 17)]
"""The rules that the records of a rehearsal must obey (docs/rehearsal.md)."""
PROMISES = [f"G{number}" for number in range(1, 10)]
"""What is promised of the link between a unit and its twin (docs/planted-bugs.md)."""
POLICY = "a policy"
"""What a fault breaks that is in neither list: what the association decided."""
PLACES = ("access/", "controller/", "server_sync/", "twin/")
"""Where faults are planted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault. `place`: the file that it changes; `diff`: its lines that go and come."""

    name: str
    patch: Path
    what: str
    breaks: tuple[str, ...]
    place: str
    gone: tuple[str, ...]
    come: tuple[str, ...]


def read(patch: Path) -> Fault:
    """A fault from its file. ValueError where it is none."""
    text = patch.read_text(encoding="utf-8")
    head = re.match(r"What: (.+)\nBreaks: (.+)\n--- a/(\S+)\n\+\+\+ b/\3\n", text)
    if head is None:
        raise ValueError(f"{patch.name}: needs the lines What:, Breaks:, ---, +++")
    body = text[head.end() :].splitlines()
    gone, come = (tuple(line[1:] for line in body if line.startswith(sign)) for sign in "-+")
    return Fault(patch.stem, patch, head[1], tuple(head[2].split(", ")), head[3], gone, come)


def faults() -> list[Fault]:
    """All of them, by name."""
    return [read(patch) for patch in sorted(FOLDER.glob("*.patch"))]
