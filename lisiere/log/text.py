"""The log for eyes: under a line for each day, in at most 100 columns, with the totals at the end."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from os.path import commonprefix
from zoneinfo import ZoneInfo

from lisiere.log.entries import RUN, RUN_COLUMNS, Entry, Fields
from lisiere.log.totals import Total, Totals
from lisiere.log.when import clock, day, duration
from lisiere.log.words import Words

WIDTH = 100
GAP = "  "
SECONDS = ("powered_seconds", "running_seconds")
NAMES = ("run", "unit", "machine", "member", "booking")
"""The columns that may be cut to fit; `--csv` and `--json` have them whole."""
EVENT_WIDTH, MACHINE_WIDTH = 13, 14
QUIET = frozenset({"clock", "replica", "uncertainty_s", "trusted", "unit", "machine", *SECONDS})
"""Fields that a line of text leaves out: they are for whoever decides a tap again."""

Lines = Iterator[str]


def runs_as_text(entries: Iterable[Entry], zone: ZoneInfo, several: bool, words: Words) -> Lines:
    """A table of runs."""
    runs = list(entries)
    if not runs:
        return
    stem = _stem([entry.fields["run"] for entry in runs])
    if stem:
        yield f"{words['named']} {stem}…"
    columns = _columns(runs, several)
    table = [[words[name] for name in columns]]
    table += [[_cell(entry, name, zone, stem) for name in columns] for entry in runs]
    widths = _fitted(columns, [max(map(len, cells)) for cells in zip(*table, strict=True)])
    lines = [_line(columns, cells, widths) for cells in table]
    yield lines[0]
    starts = [entry.fields["started"] for entry in runs]
    yield from _under_days(zip(starts, ([line] for line in lines[1:]), strict=True), zone)


def _columns(runs: Sequence[Entry], several: bool) -> list[str]:
    """Machine and unit are columns only where they tell rows apart."""
    left_out = set() if several else {"unit", "machine"}
    if all(entry.unit == entry.machine for entry in runs):
        left_out.add("unit")
    return [name for name in RUN_COLUMNS if name not in left_out]


def _stem(runs: Sequence[str]) -> str:
    """What all names of runs begin with, up to a point; empty when that is nothing."""
    return commonprefix([name.rpartition(".")[0].rpartition(".")[0] + "." for name in runs]).rpartition(".")[
        0
    ]


def _cell(entry: Entry, name: str, zone: ZoneInfo, stem: str) -> str:
    value = entry.fields[name]
    if value is None:
        return "-"
    if name == "run":
        return printable(value.removeprefix(stem or entry.unit).lstrip("."))
    if name in SECONDS:
        return duration(value)
    if isinstance(value, datetime):
        return clock(value, zone, under=entry.fields["started"])
    return printable(str(value))


def _fitted(columns: Sequence[str], widths: list[int]) -> list[int]:
    """Widths that fit: the widest name is cut, and again, until the line does."""
    fitted = list(widths)
    names = [place for place, name in enumerate(columns) if name in NAMES]
    while sum(fitted) + len(GAP) * (len(fitted) - 1) > WIDTH:
        fitted[max(names, key=lambda place: fitted[place])] -= 1
    return fitted


def _line(columns: Sequence[str], cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = [
        cut(cell, width).rjust(width) if name in SECONDS else cut(cell, width).ljust(width)
        for name, cell, width in zip(columns, cells, widths, strict=True)
    ]
    return GAP.join(placed).rstrip()


def cut(text: str, width: int) -> str:
    """A text in at most this width, its middle left out."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def _under_days(told: Iterable[tuple[datetime, list[str]]], zone: ZoneInfo) -> Lines:
    """The lines of each instant, a heading before those that begin another day or another offset."""
    shown = ""
    for at, lines in told:
        heading = day(at, zone)
        if heading != shown:
            yield heading
            shown = heading
        yield from lines


def all_as_text(entries: Iterable[Entry], zone: ZoneInfo, several: bool) -> Lines:
    """Everything that happened, a line each, long ones folded."""
    yield from _under_days(((entry.at, _folded(entry, zone, several)) for entry in entries), zone)


def _folded(entry: Entry, zone: ZoneInfo, several: bool) -> list[str]:
    where = cut(printable(entry.machine), MACHINE_WIDTH).ljust(MACHINE_WIDTH) + GAP if several else ""
    head = f"{clock(entry.at, zone)}{GAP}{where}{printable(entry.event).ljust(EVENT_WIDTH)}{GAP}"
    lines = [head]
    for number, piece in enumerate(details(entry, zone)):
        gap = GAP if number else ""
        if number and len(lines[-1]) + len(gap) + len(piece) > WIDTH:
            lines.append(" " * len(head))
            gap = ""
        lines[-1] += gap + piece
    return [line.rstrip() for line in lines]


LEADING = {
    "boot": ("boot",),
    "decision": ("outcome", "reason"),
    "power": ("on",),
    "warning": ("kind",),
    "fault": ("kind",),
    "fault_cleared": ("kind",),
    "booking": ("outcome",),
    "request": ("outcome",),
    "sync": ("kind",),
    "report": ("what",),
    "rating": ("face",),
    RUN: ("end_reason",),
}
"""The fields of an event that stand first, without their names."""
SPANS = (("start", "end"), ("started", "ended"))
PEOPLE_FIRST = ("id", "member", "booking")
"""The fields that come next, in this order; then all others."""


def details(entry: Entry, zone: ZoneInfo) -> list[str]:
    """What an entry says: the words that matter first, then each field with its name."""
    first = [name for name in LEADING.get(entry.event, ()) if name in entry.fields]
    spans = [
        f"{clock(entry.fields[a], zone, entry.at)} to {clock(entry.fields[b], zone, entry.at)}"
        for a, b in SPANS
        if a in entry.fields
    ]
    told = {*first, *QUIET, *(name for span in SPANS for name in span)}
    order = [*PEOPLE_FIRST, *(name for name in entry.fields if name not in PEOPLE_FIRST)]
    rest = [f"{name} {_word(name, entry)}" for name in order if name not in told and _tells(entry, name)]
    return [" ".join(_word(name, entry) for name in first), *spans, *rest, *_durations(entry.fields)]


def _tells(entry: Entry, name: str) -> bool:
    return entry.fields.get(name) not in (None, "", [])


def _word(name: str, entry: Entry) -> str:
    match entry.fields[name]:
        case bool(on) if name == "on":
            return "on" if on else "off"
        case list(several):
            return printable(",".join(map(str, several)))
        case value:
            return printable(str(value).removeprefix(f"{entry.unit}." if name == "run" else ""))


def _durations(fields: Fields) -> list[str]:
    return [f"{name.partition('_')[0]} {duration(fields[name])}" for name in SECONDS if name in fields]


def totals_as_text(totals: Totals, words: Words) -> Lines:
    """What the runs add up to, for each machine, and for all where there are several."""
    if not totals.machines:
        yield words["nothing"]
        return
    lines = [(printable(machine), total) for machine, total in sorted(totals.machines.items())]
    lines += [(words["all"], totals.all)] if len(lines) > 1 else []
    width = max(len(name) for name, _ in [*lines, (words["totals"], None)])
    yield ""
    heads = (words["runs"], words["powered_seconds"], words["running_seconds"])
    yield f"{words['totals']:<{width}}" + "".join(f"{head:>11}" for head in heads)
    for name, total in lines:
        yield f"{name:<{width}}" + "".join(f"{figure:>11}" for figure in _figures(total))


def _figures(total: Total) -> tuple[str, str, str]:
    return str(total.runs), duration(total.powered), duration(total.running)


def printable(text: str) -> str:
    """A text that moves no cursor and sets no colour, whoever wrote it."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
