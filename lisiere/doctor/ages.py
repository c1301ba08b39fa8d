"""How long ago, as one says it."""

from datetime import timedelta


def age(span: timedelta) -> str:
    """A span in the largest unit that leaves at least two of it, in hours at most."""
    seconds = round(span.total_seconds())
    if abs(seconds) < 120:
        return f"{seconds} s"
    if abs(seconds) < 7200:
        return f"{seconds // 60} min"
    return f"{seconds / 3600:.0f} h"
