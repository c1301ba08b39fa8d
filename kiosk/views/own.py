"""What is a person's own: the run under way and the bookings to come, with what may be done about each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from access.bookings import Booking
from controller.link import UnitState
from kiosk.deeds import GiveBack, Pick, Stop
from kiosk.ports import Person, Post
from kiosk.views.preview import beginning, due, giving_back, lengthenings
from kiosk.views.scene import Choice, Scene
from kiosk.views.tile import OUT_OF_ORDER, Look, Tile, tile


@dataclass(frozen=True, slots=True)
class Own:
    """A run (`state` is then its unit's) or a booking, at its machine."""

    post: Post
    booking: Booking | None
    state: UnitState | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """It as a line on the member's page: `choices` at once, or `deed` to see more."""

    deed: Pick
    name: str
    line: str
    choices: tuple[Choice, ...]


def owned(person: Person, scene: Scene) -> list[Own]:
    """The person's runs, then their bookings, the nearest first."""
    runs, bookings = [], []
    for post in scene.site.posts:
        state = scene.state(post.machine.id)
        if state is None:
            continue
        mine = [b for b in state.bookings if b.live and b.member == person.member.id and b.end > scene.now]
        if runs_it(person, state):
            run = next((b for b in mine if b.id == state.booking), None)
            runs.append(Own(post, run, state))
            mine = [b for b in mine if b is not run]
        bookings += [Own(post, booking) for booking in mine]
    return runs + sorted(bookings, key=lambda own: own.booking.start if own.booking else scene.now)


def runs_it(person: Person, state: UnitState | None) -> bool:
    """True while the person runs the machine."""
    return state is not None and state.member == person.member.id and state.phase != "idle"


def entry(own: Own, person: Person, scene: Scene) -> Entry:
    """As a line on the member's page: what is wanted most, two keys at the most. What is given back is the line's
    own booking, and the key need not say so."""
    booking = own.booking.id if own.booking is not None else ""
    choices = tuple(choices_for(own, person, scene, longer=1))[:2] if _at_once(own, scene) else ()
    choices = tuple(replace(one, caption="") if isinstance(one.deed, GiveBack) else one for one in choices)
    barred = hindrance(own, person, scene)
    told = barred.what if barred is not None else line(own, scene)
    return Entry(Pick(own.post.machine.id, booking), own.post.name, told, choices)


def _at_once(own: Own, scene: Scene) -> bool:
    """Running, or due: a booking to come is touched first."""
    return own.state is not None or (own.booking is not None and due(own.booking, scene))


def hindrance(own: Own, person: Person, scene: Scene) -> Tile | None:
    """The machine as it stands, where a booking that is due cannot be started for it; None where it can.

    Who starts a locked machine at its reader may do so here.
    """
    if own.state is not None or own.booking is None or not due(own.booking, scene):
        return None
    shown = tile(own.post, scene)
    barred = shown.look in OUT_OF_ORDER or (shown.look is Look.LOCKED and person.member.role.bound_by_a_lock)
    return shown if barred else None


def choices_for(own: Own, person: Person, scene: Scene, longer: int = 2) -> Iterator[Choice]:
    """All that may be done about it."""
    if own.state is not None:
        yield Choice(Stop(own.post.machine.id, own.booking), scene.say("own.stop"), own.post.name, main=True)
        if own.booking is not None:
            yield from list(lengthenings(own.booking, own.post, person.member, scene))[:longer]
    elif own.booking is not None:
        begin = beginning(own.booking, own.post, scene)
        if begin is not None and hindrance(own, person, scene) is None:
            yield begin
        yield giving_back(own.booking, scene)


def line(own: Own, scene: Scene) -> str:
    """Whose it is and until when, in words."""
    say, booking = scene.say, own.booking
    if own.state is not None:
        end = own.state.until
        return say("own.running", end=scene.hour(end)) if end is not None else say("own.running_open")
    assert booking is not None
    start, end_hour = scene.hour(booking.start), scene.hour(booking.end)
    if due(booking, scene):
        return say("own.due", end=end_hour)
    if scene.today(booking.start):
        return say("own.next", start=start, end=end_hour)
    day = say(f"day.{scene.local(booking.start).weekday()}")
    return say("own.next_day", day=day, start=start, end=end_hour)
