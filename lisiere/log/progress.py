"""A count on the terminal while a long read goes on."""

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

LONG = 20_000
EVERY = 5_000

T = TypeVar("T")


def counted(rows: Iterable[T], total: int | None, to: TextIO | None = None) -> Iterator[T]:
    """The same rows. More than LONG are counted on standard error, if that is a terminal; without a total,
    from the LONGth on."""
    out = sys.stderr if to is None else to
    if not out.isatty() or (total is not None and total <= LONG):
        yield from rows
        return
    number = 0
    for number, row in enumerate(rows):
        if number % EVERY == 0 and (total is not None or number >= LONG):
            out.write(f"\rreading: {number:,} rows{_share(number, total)} ")
            out.flush()
        yield row
    out.write("\r\x1b[K" if number >= LONG else "")
    out.flush()


def _share(number: int, total: int | None) -> str:
    return "" if not total else f" of {total:,} ({100 * number // total} %)"
