"""The unit's copy of what the twin signed: checked each time it is read, and deletable."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.replica import Version
from server_sync.identity import PrivateKey, seal
from server_sync.replica_store import Confirmation, ReplicaError, ReplicaStore
from server_sync.replica_wire import replica_to_bytes
from server_sync.wire import ExchangeReply, reply_to_bytes
from tests.access.workshop import NOON, booking, replica

TWIN, OTHER = PrivateKey(bytes(range(32))), PrivateKey(bytes(32))
REPLICA = replica(bookings=(booking("b1", 0, 60),))
REPLY = ExchangeReply("n", NOON, NOON + timedelta(days=1), 3, Version(1, 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store that holds a replica and the reply that confirmed it."""
    place = tmp_path / "replica.db"
    store = ReplicaStore(place, TWIN.public)
    store.keep_replica(seal(replica_to_bytes(REPLICA), TWIN))
    store.keep_reply(seal(reply_to_bytes(REPLY), TWIN))
    store.close()
    return place


@pytest.fixture
def store(path: Path) -> Iterator[ReplicaStore]:
    """That store, opened again."""
    opened = ReplicaStore(path, TWIN.public)
    yield opened
    opened.close()


def test_what_was_kept_is_read(store: ReplicaStore) -> None:
    """A restart finds the replica and the twin's last word as they were."""
    assert store.replica() == REPLICA
    assert store.confirmation() == Confirmation(NOON, NOON + timedelta(days=1), (0, 3))


def test_a_disk_that_takes_nothing_keeps_what_was_there(path: Path) -> None:
    """The store is a cache: when its disk is full or read-only the unit goes on with what it has in memory."""
    opened = ReplicaStore(path, TWIN.public)
    opened._connection.execute("PRAGMA query_only=ON")
    opened.keep_replica(seal(replica_to_bytes(replace(REPLICA, version=Version(1, 2))), TWIN))
    assert opened.replica() == REPLICA
    opened.close()


def test_an_empty_store_knows_nothing(tmp_path: Path) -> None:
    """A store that was deleted is made anew, and empty."""
    store = ReplicaStore(tmp_path / "new.db", TWIN.public)
    assert store.replica() is None and store.confirmation() is None
    store.close()


@pytest.mark.parametrize("name", ["replica", "reply"])
def test_an_edited_file_grants_nothing(path: Path, store: ReplicaStore, name: str) -> None:
    """A replica or a reply that was edited on the card is refused in one line."""
    with sqlite3.connect(path) as connection:
        edit = "UPDATE kept SET sealed = CAST(replace(sealed, '2026', '2036') AS BLOB) WHERE name = ?"
        assert connection.execute(edit, (name,)).rowcount == 1
    connection.close()
    with pytest.raises(ReplicaError, match=r"replica\.db: .*signature is not of key") as error:
        store.replica() if name == "replica" else store.confirmation()
    assert "\n" not in str(error.value)


def test_another_twins_replica_is_refused(store: ReplicaStore) -> None:
    """What somebody else has signed is not believed, however well it is made."""
    store.keep_replica(seal(replica_to_bytes(REPLICA), OTHER))
    with pytest.raises(ReplicaError, match="signature is not of key"):
        store.replica()


def test_what_the_twin_signed_but_nobody_understands_is_refused(store: ReplicaStore) -> None:
    """A signed message that is no replica is refused in one line."""
    store.keep_replica(seal(b'{"version": [1, 1]}', TWIN))
    with pytest.raises(ReplicaError, match=r"replica\.db: replica: KeyError 'members'$"):
        store.replica()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    """A damaged file is refused in one line that names it."""
    path = tmp_path / "replica.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(ReplicaError, match=r"replica\.db: file is not a database") as error:
        ReplicaStore(path, TWIN.public)
    assert "\n" not in str(error.value)
