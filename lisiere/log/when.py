"""Times as a technician writes and reads them: local hours of the site, always with their offset."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lisiere.log.failure import LogError

SPAN = re.compile(r"(\d+)([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that `--since` means: a date or date-time of the site, or a span back from now. LogError."""
    try:
        span = SPAN.fullmatch(text)
        if span:
            return now - timedelta(**{UNITS[span[2]]: int(span[1])})
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(0), zone).astimezone(UTC)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise LogError(
            f"--since {text}: give a date (2026-03-10), a date and time (2026-03-10T14:00),"
            " or a span such as 90m, 2h, 3d or 1w"
        ) from None


def full(at: datetime, zone: ZoneInfo) -> str:
    """An instant for programs: ISO 8601, milliseconds, offset."""
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def day(at: datetime, zone: ZoneInfo) -> str:
    """The local day and its offset, under which `clock` is written."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d} {_offset(local)}"


def _offset(local: datetime) -> str:
    return local.isoformat()[-6:]


def clock(at: datetime, zone: ZoneInfo, under: datetime | None = None) -> str:
    """The local time of day; where `under` has another day or offset, with whatever differs."""
    local = at.astimezone(zone)
    parts = [f"{local:%H:%M:%S}"]
    if under is not None:
        head = under.astimezone(zone)
        parts += [_offset(local)] if local.utcoffset() != head.utcoffset() else []
        parts += [f"({local:%m-%d})"] if local.date() != head.date() else []
    return " ".join(parts)


def duration(seconds: int) -> str:
    """Seconds as h:mm:ss."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
