"""A twin with two machines, their people and their units."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin_app.workshop import Site, opened


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """See `opened`."""
    with opened(tmp_path / "twin.db") as site:
        yield site
