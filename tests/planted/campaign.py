"""`make planted`: plants each fault in a copy of the tree, sees who finds it, and writes docs/planted-bugs.md.

With names of faults (ARGS="half-open no-lease") only those are tried anew, and the page keeps the others.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.planted.faults import Fault, faults

HOUSE = Path(__file__).parents[2]
PAGE = HOUSE / "docs" / "planted-bugs.md"
SEEDS = 3
"""How many seeds `simulate` plays at the most: almost half a device-year."""
LIMIT_S = 1_200
"""How long one trial may take: a fault that makes the product go round for ever is found too."""
COPIED = ("access", "controller", "firmware_bridge", "hardware", "kiosk", "lisiere", "server_sync", "twin")
NOBODY = "—"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who found a fault, and by what; a dash for who did not. `tests` are asked where the others found nothing."""

    rehearsals: str = NOBODY
    simulate: str = NOBODY
    tests: str = NOBODY

    @property
    def killed(self) -> bool:
        """Somebody found it."""
        return (self.rehearsals, self.simulate, self.tests) != (NOBODY,) * 3


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """A copy to plant a fault in."""
    with tempfile.TemporaryDirectory(prefix="lisiere-planted-") as name:
        skip = shutil.ignore_patterns("goldens", "*.png", "*.ttf", "*.otf", "*.wav")
        for folder in (*COPIED, "tests", "examples"):
            shutil.copytree(HOUSE / folder, Path(name) / folder, ignore=skip)
        shutil.copy(HOUSE / "pyproject.toml", name)
        yield Path(name)


def apply(patch: Path, tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Plant a fault in a tree."""
    # Without a repository of its own around it, git would take the tree for a part of one that lies above.
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}
    command = ["git", "apply", "-C1", *options, str(patch)]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)


def tried(fault: Fault | None, before: Verdict) -> Verdict:
    """Who finds a fault; without one, who complains of a sound tree. Who found it `before` is asked first."""
    with copy_of_the_tree() as tree:
        if fault is not None:
            done = apply(fault.patch, tree)
            if done.returncode:
                raise SystemExit(f"{fault.patch}: does not apply: {done.stderr.strip()}")
        seed = re.search(r"seed (\d+)", before.simulate)
        played = _trial(tree, "rehearsals", before.rehearsals.partition(" ")[0])
        simulated = _trial(tree, "simulate", str(SEEDS), seed[1] if seed else "-1")
        found = (played, simulated) != (NOBODY, NOBODY)
        return Verdict(played, simulated, NOBODY if found or fault is None else _tests(tree, fault))


def _trial(tree: Path, *what: str) -> str:
    done = _run(tree, "-m", "tests.planted.trial", *what)
    if done is None:
        return "it never ends"
    if done.returncode:
        raise SystemExit(f"{' '.join(what)}: the product does not even start: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout) or NOBODY


def _tests(tree: Path, fault: Fault) -> str:
    """The first test that fails, of the folder that was touched and of the simulated world."""
    own = fault.place.partition("/")[0]
    more = ["tests/durability"] if own == "controller" else []
    done = _run(tree, "-m", "pytest", "-x", "-q", "-p", "no:xdist", f"tests/{own}", "tests/world", *more)
    if done is None:
        return "it never ends"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition("::")[2].partition(" - ")[0] if failed else NOBODY


def _run(tree: Path, *command: str) -> subprocess.CompletedProcess[str] | None:
    env = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tree,
            env=env,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def campaign(wanted: Iterable[Fault]) -> Iterator[tuple[str, Verdict]]:
    """Try faults one after the other, and say on the way what came of each."""
    known, todo = on_the_page(), list(wanted)
    for number, fault in enumerate(todo, 1):
        verdict = tried(fault, known.get(fault.name, Verdict()))
        told = f"{verdict.rehearsals} | {verdict.simulate} | {verdict.tests}"
        print(f"[{number} of {len(todo)}] {fault.name}: {told}", file=sys.stderr, flush=True)
        yield fault.name, verdict


# --- the page --------------------------------------------------------------------------------------------------

HEAD = """\
# Planted bugs

Tests that are green say little of tests that cannot be red. So one-line faults are planted in a copy of the
product, one at a time, and whoever is to find them is asked: the rehearsals (`tests/appliance/rehearsals` and
`examples/rehearsals`), `lisiere simulate` (the {seeds} of its first 100 seeds in which most happens), and where
neither finds it, the tests of the folder and of the simulated world. Each fault breaks a rule of
[the rehearsals](rehearsal.md) or one of the promises below. `make planted` tries them all and writes this page;
`make planted ARGS="NAME ..."` tries some. The faults are the patches of `tests/planted/faults`.

| promise | |
|---|---|
| G1 | what a unit acknowledged survives the loss of its power, and once the twin has it, of its card |
| G2 | every row is applied exactly once; the same key with another content is a fork |
| G3 | the twin acknowledges a contiguous prefix; gaps are asked for, never skipped |
| G4 | every unit's journal is a hash chain |
| G5 | when faults are healed, a unit's replica is what the twin has |
| G6 | no two accepted bookings of a machine overlap |
| G7 | no power without a grant that was valid then |
| G8 | what comes from the twin never overwrites what it has not acknowledged |
| G9 | an id is kept before it is sent, and asking again is not asking twice |

"""
TITLES = "| fault | what is wrong | breaks | rehearsals | simulate | tests |"


def page(known: list[Fault], verdicts: dict[str, Verdict]) -> str:
    """The page."""
    found = [verdicts[fault.name] for fault in known]
    counts = (
        f"**{sum(v.killed for v in found)} of {len(found)} are found**: "
        f"{sum(v.rehearsals != NOBODY for v in found)} by rehearsals alone, "
        f"{sum(v.simulate != NOBODY for v in found)} by `simulate` alone."
    )
    rows = [_line(fault, verdicts[fault.name]) for fault in known]
    return "\n".join([HEAD.format(seeds=SEEDS) + counts, "", TITLES, "|---" * 6 + "|", *rows]) + "\n"


def _line(fault: Fault, verdict: Verdict) -> str:
    link = f"[{fault.name}](../{fault.patch.relative_to(HOUSE)})"
    cells = (link, fault.what, ", ".join(fault.breaks), verdict.rehearsals, verdict.simulate, verdict.tests)
    return f"| {' | '.join(cells)} |"


def on_the_page() -> dict[str, Verdict]:
    """What the page says of each fault."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    lines = text.partition(TITLES)[2].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| [")]
    return {cells[0][1:].partition("]")[0]: Verdict(*cells[3:]) for cells in rows}


def main(names: list[str]) -> int:
    """Try the faults with these names, or all, and write the page; the exit status."""
    known = faults()
    strangers = set(names) - {fault.name for fault in known}
    if strangers:
        print(f"{', '.join(sorted(strangers))}: no such fault in tests/planted/faults", file=sys.stderr)
        return 2
    verdicts = on_the_page()
    for name, verdict in campaign(fault for fault in known if not names or fault.name in names):
        verdicts[name] = verdict
        PAGE.write_text(page([fault for fault in known if fault.name in verdicts], verdicts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
