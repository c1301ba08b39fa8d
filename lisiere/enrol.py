"""`lisiere enrol`: makes this computer a machine's unit, or a kiosk, of a twin, by a one-time code."""

import argparse
import json
import os
import ssl
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests
from urllib3.exceptions import InsecureRequestWarning

from access.replica import Version
from controller import timekeeping
from controller.config import FILE, TWIN_AUTHORITY, Config, ConfigError, Panel, Simulated, load, write
from controller.timekeeping import Anchor
from hardware.clock import SystemClock
from server_sync.canonical import WireError, checked, decode, encode
from server_sync.client import HttpTransport, TwinClient, TwinRefused, TwinUnreachable
from server_sync.enrolment import Code, CodeError, fingerprint
from server_sync.identity import Counter, IdentityError, PrivateKey, PublicKey, RequestSigner
from server_sync.replica_store import ReplicaStore
from server_sync.wire import ExchangeRequest

EPILOG = """examples:
  lisiere enrol --twin https://twin.local:8400 --code XXXX-... --data /var/lib/lisiere --reader tty:S0:pn532
  lisiere enrol --twin https://twin.local:8400 --code XXXX-... --data /var/lib/lisiere --reader usb
The code says which unit or kiosk this becomes. It is made on the twin's computer, and good for 15 minutes:
  lisiere twin code --data DIR --unit overlock-1 --machine overlock-1
"""
PATIENCE_S = 10


class EnrolError(Exception):
    """Why the device could not be enrolled, and what to do; one line."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person says of a new device; all else is in the code."""

    folder: Path
    twin: str
    code: str
    reader: str
    panel: Panel = field(default_factory=Panel)
    simulated: Simulated = field(default_factory=Simulated)


@dataclass(frozen=True, slots=True)
class Told:
    """What the twin tells a new device, this once. `machine`: None for a kiosk."""

    unit: str
    machine: str | None
    tag_key: str
    twin_public_key: str


def enrol(asked: Enrolment) -> tuple[Config, str | None]:
    """Pin the twin's authority, make the device's key here, show the code, and write `unit.toml` and the first
    replica. What the device is now, and its machine."""
    code = Code.read(asked.code)
    if not asked.twin.startswith("https://"):
        raise EnrolError(f"{asked.twin}: the twin's address begins with https://")
    asked.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _pin(asked, code)
    key = PrivateKey.load_or_make(asked.folder / "unit.key")
    told = _registered(asked, code, key)
    config = _config(asked, told)
    write(asked.folder, config)
    if told.machine is not None:
        _first_exchange(asked.folder, config, key)
    os.sync()  # the code is spent: nothing that it brought may go with a power cut
    return config, told.machine


def _pin(asked: Enrolment, code: Code) -> None:
    """Keep the authority's certificate, if it is the one of the code: from here on nothing else is trusted."""
    with requests.Session() as session, _unverified():
        session.trust_env = False
        session.verify = False  # nothing is said yet, and what is heard must fit the code
        try:
            answer = session.get(f"{asked.twin}/ca.pem", timeout=PATIENCE_S, allow_redirects=False)
        except requests.RequestException as error:
            raise EnrolError(f"{asked.twin}: {type(error).__name__}; is the twin running there?") from None
    try:
        der = ssl.PEM_cert_to_DER_cert(answer.text.strip())
    except ValueError:
        raise EnrolError(f"{asked.twin}: {answer.status_code}; no twin answers there") from None
    certificate = ssl.DER_cert_to_PEM_cert(der)  # written anew: this one certificate, and nothing behind it
    if fingerprint(certificate) != code.fingerprint:
        raise EnrolError(f"{asked.twin}: is not the twin that made this code; nothing was sent")
    (asked.folder / TWIN_AUTHORITY).write_text(certificate)


@contextmanager
def _unverified() -> Iterator[None]:
    """Without the library's warning about what is done here on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        yield


def _registered(asked: Enrolment, code: Code, key: PrivateKey) -> Told:
    """What the twin tells, once it has seen the code, over a link that is verified."""
    address = f"{asked.panel.host}:{asked.panel.port}"
    shown = {"number": code.number, "digest": code.digest, "public_key": key.public.hex, "address": address}
    signer = RequestSigner(key.public.hex, key, "twin", Counter(asked.folder / "counter"))
    transport = HttpTransport(asked.twin, signer, asked.folder / TWIN_AUTHORITY)
    try:
        heard = decode(transport.post("/api/enrol", encode(shown)))
        return checked("enrolment", lambda: Told(**heard))
    except (TwinUnreachable, TwinRefused, WireError) as error:
        raise EnrolError(str(error)) from None
    finally:
        transport.close()


def _config(asked: Enrolment, told: Told) -> Config:
    """The device's configuration: a new one, or the one that was there with its new identity."""
    new = Config(
        unit=told.unit,
        twin=asked.twin,
        twin_key=told.twin_public_key,
        tag_key=told.tag_key,
        reader=asked.reader,
        panel=asked.panel,
        simulated=asked.simulated,
    )
    if not (asked.folder / FILE).exists():
        return new
    known = load(asked.folder)
    return replace(new, relay=known.relay, pins=known.pins)


def _first_exchange(folder: Path, config: Config, key: PrivateKey) -> None:
    """The first replica, and the time by the twin's clock."""
    clock = SystemClock()
    twin = PublicKey(config.twin_key)
    signer = RequestSigner(config.unit, key, "twin", Counter(folder / "counter"))
    transport = HttpTransport(config.twin, signer, folder / TWIN_AUTHORITY)
    client = TwinClient(transport, twin, lambda: os.urandom(16).hex())
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
    parser.add_argument("--twin", required=True, metavar="URL", help="such as https://twin.local:8400")
    parser.add_argument("--code", required=True, help="the one-time code, as the twin showed it")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the device's folder")
    parser.add_argument("--reader", default="usb", metavar="PATH", help="such as tty:S0:pn532 (default usb)")
    parser.add_argument("--host", default="127.0.0.1", help="where a unit's LAN port listens")
    parser.add_argument("--port", type=int, default=8411)
    o = parser.parse_args(arguments)
    try:
        asked = Enrolment(o.data, o.twin.rstrip("/"), o.code, o.reader, Panel(o.host, o.port))
        config, machine = enrol(asked)
    except CodeError as error:
        print(f"lisiere enrol: --code: {error}", file=sys.stderr)
        return 1
    except (EnrolError, ConfigError, IdentityError, OSError) as error:
        print(f"lisiere enrol: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"unit": config.unit, "machine": machine, "folder": str(o.data)}))
    return 0
