"""`lisiere enrol`: makes this computer a machine's unit, or a kiosk, of a twin."""

import argparse
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from access.replica import Version
from controller import timekeeping
from controller.config import Config, Panel, Simulated, write
from controller.timekeeping import Anchor
from hardware.clock import SystemClock
from server_sync.client import HttpTransport, TwinClient, TwinRefused, TwinUnreachable
from server_sync.identity import Counter, IdentityError, PrivateKey, PublicKey, RequestSigner
from server_sync.replica_store import ReplicaStore
from server_sync.wire import ExchangeRequest

EPILOG = """examples:
  lisiere enrol --twin http://twin:8400 --token T --data /var/lib/lisiere --unit overlock-1 \\
                --machine overlock-1 --reader tty:S0:pn532
  lisiere enrol --twin http://twin:8400 --token T --data /var/lib/lisiere --unit kiosk-1 --reader usb
The token is an administrator's: lisiere twin token --role admin
"""


class EnrolError(Exception):
    """Why the device could not be enrolled, and what to do; one line."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a new device is to be. `machine`: None for a kiosk."""

    folder: Path
    twin: str
    token: str
    unit: str
    machine: str | None
    reader: str
    panel: Panel = field(default_factory=Panel)
    simulated: Simulated = field(default_factory=Simulated)


def enrol(asked: Enrolment) -> Config:
    """Make the device's key here, have the twin know it, and write `unit.toml` and the first replica."""
    asked.folder.mkdir(parents=True, exist_ok=True)
    key = PrivateKey.load_or_make(asked.folder / "unit.key")
    address = f"{asked.panel.host}:{asked.panel.port}" if asked.machine else ""
    told = _registered(asked, key, address)
    config = Config(
        unit=asked.unit,
        twin=asked.twin,
        twin_key=told["twin_public_key"],
        tag_key=told["tag_key"],
        reader=asked.reader,
        panel=asked.panel,
        simulated=asked.simulated,
    )
    write(asked.folder, config)
    if asked.machine is not None:
        _first_exchange(asked.folder, config, key)
    return config


def _registered(asked: Enrolment, key: PrivateKey, address: str) -> dict[str, Any]:
    """What the twin tells a new device, this once."""
    body = {"id": asked.unit, "machine": asked.machine, "public_key": key.public.hex, "address": address}
    try:
        answer = requests.post(
            f"{asked.twin}/api/units",
            json=body,
            headers={"Authorization": f"Bearer {asked.token}"},
            timeout=10,
        )
    except requests.RequestException as error:
        raise EnrolError(f"{asked.twin}: {type(error).__name__}; is the twin running there?") from None
    if answer.status_code != 201:
        raise EnrolError(f"{asked.twin}: {answer.status_code} {answer.text[:300]}")
    return dict(answer.json())


def _first_exchange(folder: Path, config: Config, key: PrivateKey) -> None:
    """The first replica, and the time by the twin's clock."""
    clock = SystemClock()
    twin = PublicKey(config.twin_key)
    signer = RequestSigner(config.unit, key, "twin", Counter(folder / "counter"))
    client = TwinClient(HttpTransport(config.twin, signer), twin, lambda: os.urandom(16).hex())
    request = ExchangeRequest(config.unit, 0, client.nonce(), Version(0, 0))
    before = clock.read()
    try:
        reply, sealed = client.exchange(request)
    except (TwinUnreachable, TwinRefused) as error:
        raise EnrolError(str(error)) from None
    if reply.replica is None:
        raise EnrolError(f"{config.twin}: sends no replica for {config.unit}")
    store = ReplicaStore(folder / "replica.db", twin)
    store.keep_replica(reply.replica)
    store.keep_reply(sealed)
    store.close()
    timekeeping.keep(Anchor(before, reply.time - before.wall), folder / "clock.json")


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere enrol",
        description="Make this computer a machine's unit, or a kiosk, of a twin.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--twin", required=True, metavar="URL")
    parser.add_argument("--token", default=os.environ.get("LISIERE_TOKEN", ""), help="or LISIERE_TOKEN")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the device's folder")
    parser.add_argument("--unit", required=True, metavar="ID", help="what the device is to be called")
    parser.add_argument("--machine", metavar="ID", help="the machine it switches; none: it is a kiosk")
    parser.add_argument("--reader", required=True, metavar="PATH", help="such as tty:S0:pn532 or usb")
    parser.add_argument("--host", default="127.0.0.1", help="where its LAN port listens")
    parser.add_argument("--port", type=int, default=8411)
    o = parser.parse_args(arguments)
    try:
        enrol(Enrolment(o.data, o.twin.rstrip("/"), o.token, o.unit, o.machine, o.reader, Panel(o.host, o.port)))
    except (EnrolError, IdentityError, OSError) as error:
        print(f"lisiere enrol: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"unit": o.unit, "folder": str(o.data)}))
    return 0
