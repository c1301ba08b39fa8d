"""A twin with two machines, their people and their units."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from access.machines import Machine
from access.people import Role as Person
from server_sync.identity import PrivateKey
from tests.twin_app.workshop import BADGE, Clock, Site
from twin.app import create_app
from twin.people import People
from twin.store import Store


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Machines `overlock-1` and `press-1`, members ana and ben, one unit each, and a kiosk."""
    path = tmp_path / "twin.db"
    store, clock, key = Store(path, durable=False), Clock(), PrivateKey(bytes(32))
    people = People(store)
    people.put_member("ana", [BADGE], name="Ana")
    people.put_member("ben", ["04FFFFFFFFFFFF"], role=Person.TECHNICIAN)
    people.put_machine(Machine("overlock-1"), "Surjeteuse 1")
    people.put_machine(Machine("press-1"), "Presse 1")
    keys = {name: PrivateKey(bytes([n]) * 32) for n, name in enumerate(("u-overlock", "u-press", "kiosk-1"), 1)}
    machines = {"u-overlock": "overlock-1", "u-press": "press-1", "kiosk-1": None}
    for name, private in keys.items():
        people.put_unit(name, machines[name], private.public.hex, bytes(32), "192.0.2.7:8410")
    app = create_app(store, key, clock)
    with TestClient(app) as client:
        yield Site(app, store, people, clock, key, keys, path, client)
    store.close()
