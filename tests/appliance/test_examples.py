"""The examples that ship are true."""

from pathlib import Path

import pytest

from lisiere.rehearse.expect import judge
from lisiere.rehearse.play import play
from lisiere.rehearse.reading import read

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "rehearsals").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_holds(path: Path) -> None:
    """Everything that an example expects comes about."""
    script = read(path)
    records = play(script)
    assert [v.why for v in (judge(e, records) for e in script.expectations) if not v.held] == []
