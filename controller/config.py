"""A unit's configuration: `unit.toml` in its folder. An unknown key is an error that says what is allowed."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

FILE = "unit.toml"
TWIN_AUTHORITY = "twin-ca.pem"
"""The certificate of the twin's own authority, in a device's folder: the only one that its links trust."""

T = TypeVar("T")


class ConfigError(Exception):
    """The configuration is wrong: one line that says file, key and what is allowed."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The relay. `keeper`: the socket of the keeper that owns its pin, relative to the unit's folder;
    `pin`: the GPIO number, for `lisiere doctor`, which cannot ask the keeper."""

    keeper: str = "keeper.sock"
    pin: int = 17


@dataclass(frozen=True, slots=True)
class Board:
    """The machine-side board, instead of a keeper; none while `port` is empty. `port`: a path, or a part of its
    name under /dev/serial/by-id; `kind`: "lisiere" or "relay_board"; `meter`: the address of an SDM120 beside a
    relay board, 0 where there is none."""

    port: str = ""
    kind: str = "lisiere"
    meter: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """The unit's one LAN port."""

    host: str = "127.0.0.1"
    port: int = 8411


@dataclass(frozen=True, slots=True)
class Pins:
    """What hangs on the Pi's pins, by GPIO number; 0 where there is nothing. `motor_amps`: what a closed
    current relay on `motor` stands for."""

    contact: int = 0
    estop: int = 0
    motor: int = 0
    motor_amps: float = 1.0
    red: int = 0
    green: int = 0
    buzzer: int = 0


@dataclass(frozen=True, slots=True)
class Simulated:
    """A unit without hardware: mock pins, driven over the socket of a simulated bench."""

    bench: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a unit's program must be told. `twin_key` and `tag_key` are hexadecimal, and come from the
    enrolment; `reader` is what `lisiere reader` calls it, such as `tty:S0:pn532`. `desk`, for a kiosk at which
    badges are given out: the file of the desk's master key, on a stick that is in the safe otherwise."""

    unit: str
    twin: str
    twin_key: str
    tag_key: str
    reader: str
    desk: str = ""
    relay: Relay = Relay()
    board: Board = Board()
    panel: Panel = Panel()
    pins: Pins = Pins()
    simulated: Simulated = Simulated()


TABLES: dict[str, type[Any]] = {
    "relay": Relay,
    "board": Board,
    "panel": Panel,
    "pins": Pins,
    "simulated": Simulated,
}


def load(folder: Path) -> Config:
    """The configuration in a unit's folder."""
    path = folder / FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; is this unit enrolled? lisiere enrol --help") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: {error}") from None
    tables = {name: _table(path, name, kind, raw.pop(name, {})) for name, kind in TABLES.items()}
    return _table(path, "", Config, {**raw, **tables})


def write(folder: Path, config: Config) -> None:
    """Write a configuration into a unit's folder, for its owner's eyes only."""
    names = ["unit", "twin", "twin_key", "tag_key", "reader", *(["desk"] if config.desk else [])]
    lines = [f'{name} = "{getattr(config, name)}"' for name in names]
    for name, kind in TABLES.items():
        table = getattr(config, name)
        changed = [f for f in fields(kind) if getattr(table, f.name) != f.default]
        if changed:
            lines += ["", f"[{name}]", *(f"{f.name} = {_toml(getattr(table, f.name))}" for f in changed)]
    path = folder / FILE
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _table(path: Path, name: str, kind: type[T], raw: Any) -> T:
    """A table as its value, each key known and of its type."""
    where = f"{path}: [{name}]" if name else f"{path}:"
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{where} must be a table")
    known = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    for key, value in raw.items():
        if key not in known:
            raise ConfigError(f"{where} {key} is unknown; allowed: {', '.join(known)}")
        _typed(where, key, value, str(getattr(known[key], "__name__", known[key])))
    try:
        return kind(**raw)
    except TypeError:
        missing = [f.name for f in fields(kind) if f.name not in raw and _required(f)]  # type: ignore[arg-type]
        raise ConfigError(f"{where} {', '.join(missing)} is missing") from None


def _required(field: Any) -> bool:
    return field.name in ("unit", "twin", "twin_key", "tag_key", "reader")


def _typed(where: str, key: str, value: Any, kind: str) -> None:
    kinds: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
    allowed = kinds.get(kind)
    if allowed and (not isinstance(value, allowed) or isinstance(value, bool)):
        raise ConfigError(f"{where} {key} must be a {'text' if kind == 'str' else 'number'}")
