"""Periods as people ask for them: dates and instants, in the site's zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from access.facts import instant
from twin import knowledge
from twin.auth import Denied
from twin.figures import Span


def moment(text: str, zone: ZoneInfo, name: str) -> datetime:
    """An instant written with its offset, or a date: midnight in the site's zone."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(0), zone).astimezone(UTC)
        return instant(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise Denied(
            422,
            "bad_time",
            f"« {name} » : écrire une date (2026-11-21) ou un instant (2026-11-21T14:00:00Z).",
        ) from None


def zone_of(db: Connection) -> ZoneInfo:
    """The site's zone."""
    return ZoneInfo(knowledge.opening(db).timezone)


def open_span(db: Connection, since: str | None, until: str | None) -> Span:
    """A span with open ends where none are given."""
    zone = zone_of(db)
    return Span(
        moment(since, zone, "since") if since else datetime(1970, 1, 1, tzinfo=UTC),
        moment(until, zone, "until") if until else datetime(9999, 1, 1, tzinfo=UTC),
    )
