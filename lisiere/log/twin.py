"""The log out of the twin: the runs it has of every machine, or every row its units sent it."""

import heapq
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import requests

from lisiere.log.entries import RUN, Entry, Fields, entry_from
from lisiere.log.failure import LogError
from lisiere.log.progress import counted
from lisiere.log.source import Source

CONNECT_S, READ_S = 3.05, 30.0
PAGE = 1000
"""The most rows that the twin gives at once."""
TOKEN = "lisiere twin token --data DIR --role technician"
"""What makes a token, on the twin's computer."""


class Twin:
    """A twin to ask. The token goes to this address only: neither redirections nor `.netrc` are followed."""

    def __init__(self, url: str, token: str, ca: str | None) -> None:
        """`ca`: the file of the twin's own authority, where its certificate is not one the computer knows."""
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca or True
        self._session.headers["Authorization"] = f"Bearer {token}"

    def objects(self, path: str, **asked: str | int | None) -> list[Fields]:
        """The list of JSON objects at a path. LogError."""
        try:
            answer = self._session.get(
                self.url + path, params=asked, timeout=(CONNECT_S, READ_S), allow_redirects=False
            )
        except (requests.RequestException, OSError, ValueError) as error:
            raise LogError(
                f"{self.url}: cannot be reached ({_why(error)}); is it the twin's address?"
            ) from None
        if answer.status_code != 200:
            raise LogError(self._refused(path, answer))
        return self._list(path, answer)

    def _refused(self, path: str, answer: requests.Response) -> str:
        match answer.status_code:
            case 401:
                return f"{self.url}: no valid token; make one with '{TOKEN}', give it as --token or LISIERE_TOKEN"
            case 403:
                return f"{self.url}: this token may not read {path}; make another with '{TOKEN}'"
            case status:
                return f"{self.url}{path}: {status} {_said(answer)}".rstrip()

    def _list(self, path: str, answer: requests.Response) -> list[Fields]:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise LogError(f"{self.url}{path}: does not answer as a twin does; is it the twin's address?")
        return found


def _why(error: Exception) -> str:
    """The innermost reason of a failed request, without addresses of Python objects."""
    text = str(error)
    for part in ("CERTIFICATE_VERIFY_FAILED", "Name or service not known", "Connection refused", "timed out"):
        if part in text:
            return part
    return type(error).__name__


def _said(answer: requests.Response) -> str:
    try:
        return str(answer.json()["what_to_do"])
    except (ValueError, KeyError, TypeError):
        return answer.reason or ""


def twin_source(
    twin: Twin, zone: ZoneInfo, machine: str | None, since: str | None, everything: bool
) -> Source:
    """What the twin says of all machines, or of one. LogError, here or while the entries are read."""
    entries = _rows(twin, machine, since) if everything else _runs(twin, machine, since)
    return Source(zone, _understood(twin, entries), several=machine is None)


def _understood(twin: Twin, entries: Iterator[Entry]) -> Iterator[Entry]:
    try:
        yield from entries
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LogError(f"{twin.url}: gave what is no log: {type(error).__name__} {error}") from None


def _runs(twin: Twin, machine: str | None, since: str | None) -> Iterator[Entry]:
    for raw in twin.objects("/api/runs", machine=machine, since=since):
        yield run_entry(raw)


def run_entry(raw: Fields) -> Entry:
    """A run as the twin tells it, as an entry."""
    fields = raw | {f"{name}_ms": raw[f"{name}_seconds"] * 1000 for name in ("powered", "running")}
    return entry_from(str(raw["unit"]), str(raw["machine"]), raw["ended"], RUN, fields)


def _rows(twin: Twin, machine: str | None, since: str | None) -> Iterator[Entry]:
    """All rows: each unit's in their order, and the units' together by their time."""
    machines = {str(unit["id"]): str(unit["machine"] or unit["id"]) for unit in twin.objects("/api/units")}
    lives = [(str(row["unit"]), int(row["epoch"])) for row in twin.objects("/api/rows", seq=1, most=PAGE)]
    wanted = [life for life in lives if machine in (None, machines.get(life[0], life[0]))]
    streams = [_life(twin, unit, epoch, machines, since) for unit, epoch in wanted]
    yield from counted(heapq.merge(*streams, key=lambda entry: entry.at), None)


def _life(
    twin: Twin, unit: str, epoch: int, machines: Mapping[str, str], since: str | None
) -> Iterator[Entry]:
    """The rows of one epoch of a unit, a page at a time."""
    after, full = 0, True
    while full:
        page = twin.objects("/api/rows", unit=unit, epoch=epoch, after=after, since=since, most=PAGE)
        full = len(page) == PAGE
        for raw in page:
            yield row_entry(raw, machines.get(unit, unit))
            after = int(raw["seq"])


def row_entry(raw: Fields, machine: str) -> Entry:
    """A journal row as the twin tells it, as an entry."""
    fields = raw["body"] | raw["opening"]
    return entry_from(str(raw["unit"]), machine, raw["at"], raw["kind"], fields, (raw["epoch"], raw["seq"]))
