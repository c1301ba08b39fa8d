"""Looks for a fault in the tree that it runs in: `python -m tests.planted.trial rehearsals NAME`, or
`simulate SEEDS SEED`.

NAME and SEED are tried first: what found the fault the last time. Prints who found it and how, as JSON, and stops
there; `null` when nobody did.
"""

import json
import sys
from pathlib import Path

from lisiere.rehearse.expect import judge
from lisiere.rehearse.play import play
from lisiere.rehearse.reading import read
from lisiere.simulate import stage
from lisiere.simulate.acts import acts
from lisiere.simulate.plan import plan

HERE = Path(__file__).parents[2]
AMONG = 100
"""Among how many seeds those are looked for in which most happens."""
FOLDERS = (HERE / "tests/appliance/rehearsals", HERE / "examples/rehearsals")


def rehearsals(first: str) -> str | None:
    """The first rehearsal that does not come out as its file expects."""
    paths = [path for folder in FOLDERS for path in sorted(folder.glob("*.toml"))]
    for path in sorted(paths, key=lambda path: path.stem != first):
        script = read(path)
        try:
            records = play(script)
        except Exception as error:
            return f"{path.stem} ({type(error).__name__})"
        if not all(judge(expectation, records).held for expectation in script.expectations):
            return path.stem
    return None


def simulated(seeds: int, first: int) -> str | None:
    """The first of so many seeds in which a promise is broken: those in which most happens."""
    plans = sorted(map(plan, range(AMONG)), key=lambda plan: -plan.visits * len(plan.rates))[:seeds]
    for wanted in sorted(plans, key=lambda plan: plan.seed != first):
        found = stage.play(wanted, acts(wanted)).violations
        if found:
            return f"{found[0].rule} (seed {wanted.seed})"
    return None


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    print(json.dumps(rehearsals(numbers[0]) if what == "rehearsals" else simulated(*map(int, numbers))))
