"""Today's bookings of every machine, as strips under one row of hours. It comes from the units themselves."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from access.bookings import Booking
from kiosk.lesson import LESSON
from kiosk.ports import Post
from kiosk.views.scene import Choice, Scene
from kiosk.views.team.panel import ways_out
from kiosk.views.team.record import called

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Block:
    """One booking, from one share of the day to another; `now`: it is under way."""

    start: float
    end: float
    who: str
    hours: str
    now: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """One machine's day. `note`: why there is nothing to see."""

    name: str
    blocks: tuple[Block, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The page. `ticks`: full hours, each at its share of the day; `now` the share that is over."""

    title: str
    lead: str
    keys: tuple[Choice, ...]
    ticks: tuple[tuple[float, str], ...]
    strips: tuple[Strip, ...]
    now: float
    more: str = ""


def plan(scene: Scene) -> Plan:
    """Every machine's day."""
    say = scene.say
    bookings = {post: _today(post, scene) for post in scene.site.posts}
    start, end = _day(scene, [booking for found in bookings.values() for booking in found])

    def share(instant: datetime) -> float:
        return min(1.0, max(0.0, (instant - start) / (end - start)))

    def block(booking: Booking) -> Block:
        span = f"{scene.hour(booking.start)}-{scene.hour(booking.end)}"
        who = say("plan.lesson") if booking.id.startswith(LESSON) else called(booking.member, scene)
        under_way = booking.covers(scene.now)
        return Block(share(booking.start), share(booking.end), who, span, under_way)

    strips = tuple(
        Strip(post.name, tuple(block(booking) for booking in found), _note(post, scene))
        for post, found in bookings.items()
    )
    hours = range(int((end - start) / HOUR))
    ticks = tuple((share(start + n * HOUR), scene.hour(start + n * HOUR)[:2]) for n in hours)
    number = sum(len(found) for found in bookings.values())
    lead = say("plan.number", count=number) if number else say("plan.none")
    return Plan(say("team.plan"), lead, ways_out(scene), ticks, strips, share(scene.now), say("more"))


def _today(post: Post, scene: Scene) -> list[Booking]:
    state = scene.state(post.machine.id)
    found = [b for b in (state.bookings if state is not None else ()) if b.live and scene.today(b.end)]
    return sorted(found, key=lambda booking: booking.start)


def _day(scene: Scene, bookings: list[Booking]) -> tuple[datetime, datetime]:
    """From opening to closing, in full hours, and as far as a booking goes beyond."""
    local = scene.local(scene.now)
    midnight = datetime.combine(local.date(), time(0), local.tzinfo)
    hours = scene.site.opening.intervals(midnight, midnight + timedelta(days=1)) if scene.site.opening.hours else ()
    opening = [scene.local(instant) for span in hours for instant in span]
    touched = [scene.local(instant) for booking in bookings for instant in (booking.start, booking.end)]
    known = opening + touched + [local]
    first, last = min(known), max(known)
    start = max(midnight, first.replace(minute=0, second=0, microsecond=0))
    end = last.replace(minute=0, second=0, microsecond=0) + (HOUR if (last.minute or last.second) else timedelta(0))
    return start, max(end, start + 4 * HOUR)


def _note(post: Post, scene: Scene) -> str:
    if scene.silent(post.machine.id):
        return scene.say("look.silent")
    return scene.say("look.waiting") if scene.state(post.machine.id) is None else ""
