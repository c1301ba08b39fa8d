"""The disk that loses its power, made once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.durability.disk import CrashDisk, build


@pytest.fixture(scope="session")
def crash_disk(tmp_path_factory: pytest.TempPathFactory) -> CrashDisk:
    """The disk itself."""
    return CrashDisk(build(tmp_path_factory.mktemp("crash")))


@pytest.fixture
def disk(crash_disk: CrashDisk) -> Iterator[CrashDisk]:
    """The disk, empty and whole before a test and after it."""
    crash_disk.format(seed=0)
    yield crash_disk
    crash_disk.mend()
