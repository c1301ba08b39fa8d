"""The kiosk's copy of the workshop: signed by the twin, kept on disk, renewed as soon as anything changes there."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.facts import instant
from access.people import Member
from kiosk.ports import Helper, Person, Post, Site, Survey
from server_sync.canonical import WireError, checked, decode
from server_sync.client import HttpTransport, TwinRefused, TwinUnreachable
from server_sync.identity import IdentityError, PublicKey, unseal
from server_sync.replica_wire import machine_from_json, member_from_json, opening_from_json, policy_from_json

RETRY_S = 5.0
WAIT_S = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnitAddress:
    """Where a machine's unit listens, and its public key (hex)."""

    id: str
    machine: str
    host: str
    port: int
    key: str


@dataclass(frozen=True, slots=True)
class Copy:
    """What the twin sent last."""

    version: tuple[int, int]
    site: Site
    units: tuple[UnitAddress, ...]


class TwinDirectory:
    """A `kiosk.ports.Directory`. A thread of its own (`directory`) asks the twin; nobody waits for it."""

    def __init__(self, kiosk: str, transport: HttpTransport, twin: PublicKey, kept: Path, name: str) -> None:
        """`kept`: the file the copy lies in, so that a kiosk starts without a network too. `name`: the site's."""
        self._kiosk = kiosk
        self._transport = transport
        self._twin = twin
        self._kept = kept
        self._name = name
        self._closing = threading.Event()
        self._failing = False
        self._copy = self._from_disk()
        self._thread = threading.Thread(target=self._follow, name="directory", daemon=True)

    def site(self) -> Site:
        """See `kiosk.ports.Directory`."""
        return self._copy.site if self._copy else Site(self._name)

    def units(self) -> tuple[UnitAddress, ...]:
        """The machines' units."""
        return self._copy.units if self._copy else ()

    def refresh(self) -> None:
        """Ask the twin now. TwinUnreachable, TwinRefused."""
        sealed = self._transport.get("/api/kiosk/replica")
        self._copy = self._opened(sealed)
        new = self._kept.with_suffix(".new")
        new.write_bytes(sealed)
        new.replace(self._kept)

    def start(self) -> None:
        """Begin to follow the twin."""
        self._thread.start()

    def close(self) -> None:
        """Stop following; safe to call twice."""
        self._closing.set()

    def _from_disk(self) -> Copy | None:
        try:
            return self._opened(self._kept.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, TwinRefused) as error:
            log.warning("directory: %s: %s; asking the twin", self._kept, error)
            return None

    def _opened(self, sealed: bytes) -> Copy:
        try:
            return copy_of(decode(unseal(sealed, self._twin)), self._name)
        except (IdentityError, WireError) as error:
            raise TwinRefused(f"the twin's copy cannot be believed: {error}") from None

    def _follow(self) -> None:
        while not self._closing.is_set():
            try:
                if self._copy is None or self._changed(self._copy.version):
                    self.refresh()
                self._note(None)
            except (TwinUnreachable, TwinRefused, OSError) as error:
                self._note(error)
                self._closing.wait(RETRY_S)

    def _changed(self, version: tuple[int, int]) -> bool:
        query = f"epoch={version[0]}&version={version[1]}&wait={WAIT_S}"
        answer = self._transport.get(f"/api/units/{self._kiosk}/changes?{query}", read_s=WAIT_S + 5.0)
        return bool(json.loads(answer).get("changed"))

    def _note(self, error: Exception | None) -> None:
        """Log the first failure and the recovery, not every failure between."""
        if (error is not None) != self._failing:
            self._failing = error is not None
            log.warning("directory: %s", error) if error else log.info("directory: the twin answers again")


def copy_of(raw: Mapping[str, Any], name: str) -> Copy:
    """A kiosk's copy from the twin's JSON. WireError."""

    def read() -> Copy:
        names, own = raw["names"], raw.get("screen", {})
        languages = own.get("languages", {})
        site = Site(
            name=str(raw.get("site") or name),
            posts=tuple(
                Post(machine, str(names["machines"].get(machine.id, machine.id)))
                for machine in map(machine_from_json, raw["machines"])
            ),
            people=tuple(
                _person(member, str(names["members"].get(member.id, "")), str(languages.get(member.id, "")))
                for member in map(member_from_json, raw["members"])
            ),
            policy=policy_from_json(raw["policy"]),
            opening=opening_from_json(raw["opening"]),
            trainings={str(id): str(words) for id, words in own.get("trainings", {}).items()},
            helpers=tuple(_helper(helper) for helper in own.get("helpers", ())),
            survey=_survey(own.get("survey")),
            colour=str((own.get("colours") or {}).get("main", "")),
        )
        version = int(raw["version"][0]), int(raw["version"][1])
        return Copy(version, site, tuple(_address(unit) for unit in raw["units"] if unit["address"]))

    return checked("kiosk copy", read)


def _helper(raw: Mapping[str, Any]) -> Helper:
    """Somebody who agreed to be shown; who did not is not in the copy."""
    start, end = instant(str(raw["start"])), instant(str(raw["end"]))
    return Helper(str(raw["name"]), str(raw.get("skill", "")), start, end)


def _survey(raw: Mapping[str, Any] | None) -> Survey | None:
    if not raw:
        return None
    return Survey(str(raw["question"]), tuple(str(answer) for answer in raw["answers"]))


def _person(member: Member, name: str, language: str) -> Person:
    """A member by the first name, and for the team with an initial; by the id where there is no name."""
    first, *more = name.split() or [""]
    initial = f" {more[-1][0].upper()}." if more else ""
    return Person(member, first, language, f"{first}{initial}" or member.id)


def _address(raw: Mapping[str, Any]) -> UnitAddress:
    host, _, port = str(raw["address"]).rpartition(":")
    return UnitAddress(str(raw["id"]), str(raw["machine"]), host, int(port), str(raw["public_key"]))
