"""A town for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A site with one machine that runs."""
    town = Town(tmp_path)
    town.site.open()
    yield town
    town.site.close()
