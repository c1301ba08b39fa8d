"""Tables as a French spreadsheet opens them: UTF-8 with its mark, semicolons, decimal commas, no formulas."""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def document(titles: Sequence[str], lines: Iterable[Sequence[Cell]]) -> bytes:
    """A whole CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([cell(title) for title in titles])
    writer.writerows([cell(value) for value in line] for line in lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def cell(value: Cell) -> str:
    """One cell. Text that a spreadsheet would run as a formula is kept as text by a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, int):
        return str(value)
    return f"{value:.6f}".rstrip("0").rstrip(".").replace(".", ",")


def seconds(ms: int) -> float:
    """Milliseconds as seconds with decimals, so that a sheet's own sums give the same rates."""
    return ms / 1000
