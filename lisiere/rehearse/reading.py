"""Reads a rehearsal file. Anything it does not know is a `ScriptError` that names file, key and what is allowed."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from access.bookings import Booking
from access.machines import Machine, Output
from access.people import Category, Role, Strength
from access.policy import Policy, UntrustedClock
from access.times import DAYS, Hours, Opening
from lisiere.rehearse.script import Act, Expectation, Person, Script, ScriptError
from lisiere.rehearse.vocabulary import (
    BOOKING,
    EXPECT,
    FILE,
    INSTANTS,
    MACHINE,
    MEMBER,
    OPENING,
    RECORDS,
    REQUIRED,
    STEPS,
    STEPS_OF_A_SIMULATION,
    Key,
    Weather,
)

OFFSET = re.compile(r"\+(\d+):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?")


def read(path: Path) -> Script:
    """The script in a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ScriptError(f"{path}: is not UTF-8 text") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Script:
    """The script in a text; `name` is what errors call it."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ScriptError(f"{name}: not TOML: {error}") from None
    return Reader(name).script(raw)


class Reader:
    """Reads the tables of a file, and knows what it has named so far, to check what refers to it.

    Each method takes what TOML gave and where it stood, and raises ScriptError.
    """

    def __init__(self, name: str) -> None:
        self._file = name
        self._machines: set[str] = set()
        self._members: set[str] = set()
        self._badges: set[str] = set()
        self._bookings: set[str] = set()
        self._steps = STEPS
        self._start = self._end = datetime.min.replace(tzinfo=UTC)
        self._readers: dict[str, Callable[[str, Any], Any]] = {
            "text": self._text,
            "name": self._name,
            "names": self._names,
            "badge": self._badge,
            "badges": self._badge_list,
            "known badge": self._known_badge,
            "machine": self._machine_name,
            "member": self._member_name,
            "booking": self._booking_name,
            "new booking": self._name,
            "yes or no": self._yes_or_no,
            "amount": self._amount,
            "whole number": self._whole_number,
            "number": self._number,
            "weather": lambda where, value: str(self._one_of(where, value, Weather)),
            "output": lambda where, value: self._one_of(where, value, Output),
            "role": lambda where, value: self._one_of(where, value, Role),
            "category": lambda where, value: self._one_of(where, value, Category),
            "strength": lambda where, value: self._one_of(where, value, Strength),
            "instant": self._instant,
            "moment": self._moment,
            "timezone": self._timezone,
            "days": self._days,
            "hour": self._hour,
            "table": self._one_table,
            "tables": self._tables,
        }

    # --- the file ------------------------------------------------------------------------------------

    def script(self, raw: Mapping[str, Any]) -> Script:
        """A whole rehearsal."""
        values = self.table(raw, FILE, "")
        self._start, self._end = values["start"], values["end"]
        if values["simulation"] is not None:
            self._steps = STEPS | STEPS_OF_A_SIMULATION
        if self._end <= self._start:
            self._wrong("end", "must be later than start")
        machines = tuple(self.machine(t, i) for i, t in enumerate(values["machine"], 1))
        if not machines:
            self._wrong("machine", "is missing: at least one [[machine]] is needed")
        return Script(
            title=values["title"],
            start=self._start,
            end=self._end,
            policy=self.policy(values["policy"]),
            opening=self.opening(values["timezone"], values["opening"]),
            machines=machines,
            people=tuple(self.person(t, i) for i, t in enumerate(values["member"], 1)),
            bookings=tuple(self._booking(t, i) for i, t in enumerate(values["booking"], 1)),
            acts=self._acts(values["step"]),
            expectations=tuple(self._expectation(t, i) for i, t in enumerate(values["expect"], 1)),
            simulation=values["simulation"],
        )

    def policy(self, raw: Mapping[str, Any]) -> Policy:
        """A policy; what it leaves out has its default."""
        defaults = {field.name: getattr(Policy(), field.name) for field in fields(Policy)}
        self._known(raw, defaults, "policy.")
        values = {}
        for key, value in raw.items():
            values[key] = self._policy_value(f"policy.{key}", value, defaults[key])
        return Policy(**values)

    def _policy_value(self, where: str, value: Any, default: Any) -> Any:
        if isinstance(default, UntrustedClock):
            return self._one_of(where, value, UntrustedClock)
        if isinstance(default, bool):
            return self.value(where, "yes or no", value)
        if isinstance(default, int) and where.endswith("bookings"):
            return int(self.value(where, "whole number", value))
        return self.value(where, "amount", value)

    def opening(self, timezone: str, tables: list[Any]) -> Opening:
        """Opening hours."""
        hours = []
        for place, table in enumerate(tables, 1):
            where = f"opening {place}."
            values = self.table(table, OPENING, where)
            if values["from"] >= values["to"]:
                self._wrong(f"{where}to", "must be later than from")
            hours.append(Hours(values["days"], values["from"], values["to"]))
        return Opening(timezone, tuple(hours))

    def machine(self, raw: Any, place: int) -> Machine:
        """The machine in the file's `place`-th table of machines, counted from 1."""
        values = self.table(raw, MACHINE, f"machine {place}.")
        self._new(f"machine {place}.id", values["id"], self._machines)
        return Machine(**{**values, "requires": frozenset(values["requires"])})

    def person(self, raw: Any, place: int) -> Person:
        """The member in the file's `place`-th table of members, counted from 1."""
        values = self.table(raw, MEMBER, f"member {place}.")
        self._new(f"member {place}.id", values["id"], self._members)
        for badge in values["badges"]:
            self._new(f"member {place}.badges", badge, self._badges)
        return Person(
            **{
                **values,
                "badges": tuple(values["badges"]),
                "qualifications": frozenset(values["qualifications"]),
            }
        )

    def _booking(self, raw: Any, place: int) -> Booking:
        values = self.table(raw, BOOKING, f"booking {place}.")
        self._new(f"booking {place}.id", values["id"], self._bookings)
        if values["end"] <= values["start"]:
            self._wrong(f"booking {place}.end", "must be later than start")
        return Booking(**values)

    def _acts(self, tables: list[Any]) -> tuple[Act, ...]:
        """The steps in time order; those at the same instant in file order."""
        for place, table in enumerate(tables, 1):  # an `extend` may stand before the `book` it speaks of
            if isinstance(table, dict) and table.get("do") in ("book", "walk_up") and "id" in table:
                self._new(f"step {place}.id", self.value(f"step {place}.id", "name", table["id"]), self._bookings)
        acts = [self._act(table, place) for place, table in enumerate(tables, 1)]
        return tuple(sorted(acts, key=lambda act: act.at))

    def _act(self, raw: Any, place: int) -> Act:
        where = f"step {place}."
        if not isinstance(raw, dict):
            self._wrong(where[:-1], "must be a table")
        do = raw.get("do")
        if do not in self._steps:
            needs = "; it needs a `simulation`" if do in STEPS_OF_A_SIMULATION else _hint(str(do), self._steps)
            self._wrong(f"{where}do", f"is '{do}'{needs}; allowed: {', '.join(self._steps)}")
        values = self.table(raw, {"at": Key("moment"), "do": Key("text"), **self._steps[do]}, where)
        at, _ = values.pop("at"), values.pop("do")
        if not self._start <= at <= self._end:
            self._wrong(f"{where}at", "must lie between start and end")
        return Act(at, do, values)

    # --- expectations --------------------------------------------------------------------------------

    def _expectation(self, raw: Any, place: int) -> Expectation:
        where = f"expect {place}."
        if not isinstance(raw, dict):
            self._wrong(where[:-1], "must be a table")
        event = raw.get("event")
        if event not in RECORDS:
            self._wrong(f"{where}event", f"is '{event}'; allowed: {', '.join(RECORDS)}")
        never = bool(self.value(f"{where}never", "yes or no", raw.get("never", False)))
        timing = ("from", "to") if never else ("at", "within_seconds")
        self._known(raw, ("event", "never", *timing, *RECORDS[event]), where)
        since, until = self._span(raw, never, where)
        expected = {
            key: self._expected(f"{where}{key}", key, value) for key, value in raw.items() if key not in EXPECT
        }
        return Expectation(never, str(event), expected, since, until, _shown(raw))

    def _span(self, raw: Mapping[str, Any], never: bool, where: str) -> tuple[datetime | None, datetime | None]:
        if never:
            since = self.value(f"{where}from", "moment", raw["from"]) if "from" in raw else None
            return since, self.value(f"{where}to", "moment", raw["to"]) if "to" in raw else None
        within = self.value(f"{where}within_seconds", "amount", raw.get("within_seconds", 1))
        if "at" not in raw:
            return None, None
        at = self.value(f"{where}at", "moment", raw["at"])
        return at, at + timedelta(seconds=within)

    def _expected(self, where: str, key: str, value: Any) -> Any:
        return self.value(where, "moment", value) if key in INSTANTS else value

    # --- values --------------------------------------------------------------------------------------

    def table(self, raw: Any, keys: Mapping[str, Key], where: str) -> dict[str, Any]:
        """What a table says, with the defaults of what it leaves out."""
        if not isinstance(raw, dict):
            self._wrong(where.rstrip(".") or "the file", "must be a table")
        self._known(raw, keys, where)
        values: dict[str, Any] = {}
        for name, key in keys.items():
            if name not in raw and key.default is REQUIRED:
                self._wrong(f"{where}{name}", f"is missing: it must be a {key.kind}")
            if name not in raw and key.default is None:
                values[name] = None
                continue
            values[name] = self.value(f"{where}{name}", key.kind, raw.get(name, key.default))
        return values

    def _known(self, raw: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
        allowed = tuple(allowed)
        for key in raw:
            if key not in allowed:
                self._wrong(f"{where}{key}", f"is unknown{_hint(key, allowed)}; allowed: {', '.join(allowed)}")

    def _new(self, where: str, id: str, known: set[str]) -> None:
        if id in known:
            self._wrong(where, f"'{id}' is used twice")
        known.add(id)

    def value(self, where: str, kind: str, value: Any) -> Any:
        """One value, checked to be of its kind (`vocabulary.Key`)."""
        return self._readers[kind](where, value)

    def _text(self, where: str, value: Any) -> str:
        return value if isinstance(value, str) else self._wrong(where, "must be a text")

    def _name(self, where: str, value: Any) -> str:
        return value if isinstance(value, str) and value else self._wrong(where, "must be a text, not empty")

    def _names(self, where: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            self._wrong(where, "must be a list of texts")
        return [self._name(where, item) for item in value]

    def _badge(self, where: str, value: Any) -> str:
        return self._name(where, value)

    def _badge_list(self, where: str, value: Any) -> list[str]:
        return self._names(where, value)

    def _known_badge(self, where: str, value: Any) -> str:
        return self._known_name(where, self._badge(where, value), self._badges, "badge")

    def _machine_name(self, where: str, value: Any) -> str:
        return self._known_name(where, value, self._machines, "machine")

    def _member_name(self, where: str, value: Any) -> str:
        return self._known_name(where, value, self._members, "member")

    def _booking_name(self, where: str, value: Any) -> str:
        return self._known_name(where, value, self._bookings, "booking")

    def _known_name(self, where: str, value: Any, known: set[str], what: str) -> str:
        if not isinstance(value, str) or value not in known:
            allowed = ", ".join(sorted(known)) or "none"
            self._wrong(where, f"is the unknown {what} '{value}'; known: {allowed}")
        return value

    def _yes_or_no(self, where: str, value: Any) -> bool:
        return value if isinstance(value, bool) else self._wrong(where, "must be true or false")

    def _amount(self, where: str, value: Any) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < 1e9:
            self._wrong(where, "must be a number, not negative")
        return float(value) if isinstance(value, float) else value

    def _whole_number(self, where: str, value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return int(value) if whole else self._wrong(where, "must be a whole number, not negative")

    def _number(self, where: str, value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return int(value) if whole else self._wrong(where, "must be a whole number")

    def _one_of(self, where: str, value: Any, words: Any) -> Any:
        if value not in tuple(words):
            self._wrong(where, f"is '{value}'; allowed: {', '.join(words)}")
        return words(value)

    def _instant(self, where: str, value: Any) -> datetime:
        if not isinstance(value, datetime):
            self._wrong(where, "must be a date-time with an offset, such as 2026-03-10T14:00:00+01:00")
        if value.tzinfo is None:
            self._wrong(where, f"{value.isoformat()} has no offset; write it with one, such as +01:00")
        return value.astimezone(UTC)

    def _moment(self, where: str, value: Any) -> datetime:
        """An instant, or a time since the start."""
        if not isinstance(value, str):
            return self._instant(where, value)
        match = OFFSET.fullmatch(value)
        if match is None:
            self._wrong(where, f"is '{value}'; allowed: +H:MM:SS since the start, or a date-time with an offset")
        hours, minutes, seconds, fraction = match.groups()
        ms = int((fraction or "0").ljust(3, "0"))
        return self._start + timedelta(
            hours=int(hours), minutes=int(minutes), seconds=int(seconds), milliseconds=ms
        )

    def _timezone(self, where: str, value: Any) -> str:
        try:
            return ZoneInfo(self._name(where, value)).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._wrong(where, f"is the unknown time zone '{value}'; write one such as Europe/Paris")

    def _days(self, where: str, value: Any) -> frozenset[int]:
        names = self._names(where, value)
        for name in names:
            if name not in DAYS:
                self._wrong(where, f"is '{name}'; allowed: {', '.join(DAYS)}")
        return frozenset(DAYS.index(name) for name in names)

    def _hour(self, where: str, value: Any) -> time:
        if value == "24:00":
            return time.max
        try:
            return value if isinstance(value, time) else time.fromisoformat(self._name(where, value))
        except ValueError:
            self._wrong(where, f"is '{value}'; allowed: HH:MM, up to 24:00")

    def _tables(self, where: str, value: Any) -> list[Any]:
        return value if isinstance(value, list) else self._wrong(where, f"must be written [[{where}]]")

    def _one_table(self, where: str, value: Any) -> dict[str, Any]:
        return value if isinstance(value, dict) else self._wrong(where, f"must be written [{where}]")

    def _wrong(self, where: str, why: str) -> NoReturn:
        raise ScriptError(f"{self._file}: {where} {why}")


def _hint(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _shown(raw: Mapping[str, Any]) -> str:
    """An expectation on one line, as a person would say it."""
    words = [f"{key}={_word(value)}" for key, value in raw.items() if key not in ("event", "never")]
    return " ".join(["never" if raw.get("never") else "expect", str(raw["event"]), *words])


def _word(value: Any) -> str:
    return value.isoformat() if isinstance(value, (datetime, date, time)) else str(value)
