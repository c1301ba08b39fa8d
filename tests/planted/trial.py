"""Looks for a fault in the tree that it runs in: `python -m tests.planted.trial rehearsals`, or `simulate SEEDS`.

Prints who found it and how, as JSON, and stops there; `null` when nobody did.
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


def rehearsals() -> str | None:
    """The first rehearsal that does not come out as its file expects."""
    for path in (path for folder in FOLDERS for path in sorted(folder.glob("*.toml"))):
        script = read(path)
        try:
            records = play(script)
        except Exception as error:
            return f"{path.stem} ({type(error).__name__})"
        if not all(judge(expectation, records).held for expectation in script.expectations):
            return path.stem
    return None


def simulated(seeds: int) -> str | None:
    """The first of so many seeds in which a promise is broken; those in which most happens come first."""
    plans = sorted(map(plan, range(AMONG)), key=lambda plan: -plan.visits * len(plan.rates))
    for wanted in plans[:seeds]:
        found = stage.play(wanted, acts(wanted)).violations
        if found:
            return f"{found[0].rule} (seed {wanted.seed})"
    return None


if __name__ == "__main__":
    print(json.dumps(rehearsals() if sys.argv[1] == "rehearsals" else simulated(int(sys.argv[2]))))
