"""What the unit would answer, by its own rules, as far as this screen knows. The unit has the last word."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from access.book import Accepted, Answer, Circumstances, Refused, book, extend, walk_up
from access.bookings import Booking, next_start
from access.machines import Machine
from access.people import Member
from access.vocabulary import Fault, Refusal, Source
from kiosk.deeds import Begin, GiveBack, Later, Lengthen, Take
from kiosk.ports import Post
from kiosk.views.scene import Choice, Scene

LENGTHS_MINUTES = (30, 60, 90, 120)
"""The lengths worth a button; the policy's longest joins them."""
LONGER_MINUTES = (30, 60)
"""How much longer is worth a button."""

PERSONAL = frozenset(
    {
        Refusal.BADGE_REVOKED,
        Refusal.MEMBERSHIP_EXPIRED,
        Refusal.NOT_QUALIFIED,
        Refusal.TOO_MANY_BOOKINGS,
        Refusal.WEEK_HOURS_USED,
        Refusal.NOT_FOR_CATEGORY,
    }
)
"""The refusals that are about the asker, not about the machine."""
OF_THE_MACHINE = frozenset({Refusal.NOT_QUALIFIED, Refusal.NOT_FOR_CATEGORY})
"""Those among them that another machine might not give."""


def preview(post: Post, member: Member, minutes: float, scene: Scene) -> Answer:
    """The answer to a walk-up."""
    return walk_up("", member, minutes, circumstances(post, scene))


def barrier(post: Post, member: Member, scene: Scene) -> tuple[Refusal, ...]:
    """Why this person cannot walk up; empty when they can."""
    answer = preview(post, member, shortest(scene), scene)
    return answer.reasons if isinstance(answer, Refused) else ()


def anybody(machine: Machine) -> Member:
    """Somebody who may use the machine: who will badge is not known yet."""
    return Member("", qualifications=machine.requires)


def shortest(scene: Scene) -> float:
    """The shortest walk-up there is, in minutes."""
    return scene.site.policy.walk_up_min_minutes


def circumstances(post: Post, scene: Scene) -> Circumstances:
    """What the unit knows now, as far as it has told."""
    state, site = scene.state(post.machine.id), scene.site
    if state is None:
        return Circumstances(scene.now, post.machine, site.policy, site.opening, reachable=False)
    return Circumstances(
        scene.now,
        replace(post.machine, locked=state.locked),
        site.policy,
        site.opening,
        state.bookings,
        lease_end=state.lease_end,
        reachable=not scene.silent(post.machine.id),
        clock_trusted=state.clock_trusted and Fault.CLOCK not in state.faults,
        recordable=Fault.JOURNAL not in state.faults,
        staff_run=state.phase != "idle" and state.booking is None,
    )


# The hours to be had from now


def offers(post: Post, member: Member, scene: Scene, chosen: object = None) -> tuple[Choice, ...]:
    """The ends that may be had, each once, cut as the rules cut them."""
    found: dict[str, Choice] = {}
    for minutes in _lengths(scene.site.policy.walk_up_max_minutes):
        answer = preview(post, member, minutes, scene)
        if isinstance(answer, Accepted):
            end, deed = scene.hour(answer.booking.end), Take(minutes)
            caption = _caption(answer.booking, minutes, post, scene)
            aloud = f"{scene.until(answer.booking.end)}, {caption}"
            found.setdefault(end, Choice(deed, end, caption, chosen=deed == chosen, aloud=aloud))
    return tuple(found.values())


def _lengths(longest: float) -> list[float]:
    lengths: list[float] = [m for m in LENGTHS_MINUTES if m <= longest]
    if not lengths or longest > lengths[-1]:
        lengths = [*lengths[-3:], longest]
    return lengths


def _caption(booking: Booking, minutes: float, post: Post, scene: Scene) -> str:
    """How long that is; or what cuts it short."""
    if booking.end - booking.start >= timedelta(minutes=minutes):
        return length(minutes, scene)
    state = scene.state(post.machine.id)
    if state is not None and next_start(state.bookings, scene.now) == booking.end:
        return scene.say("offer.next")
    closing = scene.site.opening.closes_after(scene.now) == booking.end
    return scene.say("offer.closing" if closing else "offer.longest")


def length(minutes: float, scene: Scene) -> str:
    """So many minutes, in words."""
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return scene.say("offer.minutes", minutes=rest)
    return scene.say("offer.hours_minutes" if rest else "offer.hours", hours=hours, minutes=f"{rest:02}")


# The hours to be had once the machine is free


def reservations(post: Post, member: Member, scene: Scene, chosen: object = None) -> tuple[Choice, ...]:
    """What may be had today as soon as whoever has the machine is done; empty when that is not known."""
    for start in _frees(post, scene):
        found = tuple(_reservations_from(start, post, member, scene, chosen))
        if found:
            return found
    return ()


def _frees(post: Post, scene: Scene) -> list[datetime]:
    """When the machine may come free: at the ends of its bookings of today."""
    state = scene.state(post.machine.id)
    if state is None or (state.phase != "idle" and state.booking is None):
        return []
    return [b.end for b in state.bookings if b.blocks and b.end > scene.now and scene.today(b.end)]


def _reservations_from(
    start: datetime, post: Post, member: Member, scene: Scene, chosen: object
) -> Iterator[Choice]:
    at = circumstances(post, scene)
    limits = [limit for limit in (next_start(at.bookings, start), at.opening.closes_after(start)) if limit]
    seen: set[datetime] = set()
    for minutes in _lengths(scene.site.policy.walk_up_max_minutes):
        end = min([start + timedelta(minutes=minutes), *limits])
        answer = book("", member, start, end, at, Source.KIOSK)
        if isinstance(answer, Accepted) and end not in seen:
            seen.add(end)
            deed = Later(start, end)
            caption = scene.say("from", at=scene.hour(start))
            aloud = scene.say("span", start=scene.hour(start), end=scene.hour(end))
            yield Choice(deed, scene.hour(end), caption, chosen=deed == chosen, aloud=aloud)


# One's own booking


def due(booking: Booking, scene: Scene) -> bool:
    """Its hours are now, or so near that it may be started early."""
    return booking.start - scene.site.policy.early_start <= scene.now < booking.end


def beginning(booking: Booking, post: Post, scene: Scene) -> Choice | None:
    """One's own booking may be started from here: not too early, and not where it is dangerous."""
    state = scene.state(post.machine.id)
    idle = state is not None and state.phase == "idle" and not scene.silent(post.machine.id)
    if not (due(booking, scene) and idle) or post.machine.hazardous:
        return None
    return Choice(Begin(booking), scene.say("own.begin"), scene.until(booking.end), main=True)


def lengthenings(booking: Booking, post: Post, member: Member, scene: Scene) -> Iterator[Choice]:
    """The later ends that one's own booking may have, each once."""
    seen: set[datetime] = set()
    for minutes in LONGER_MINUTES:
        answer = extend(booking, member, minutes, circumstances(post, scene))
        if isinstance(answer, Accepted) and answer.booking.end not in seen:
            seen.add(answer.booking.end)
            more = (answer.booking.end - booking.end) // timedelta(minutes=1)
            caption = scene.until(answer.booking.end)
            yield Choice(Lengthen(booking, minutes), scene.say("own.longer", minutes=more), caption)


def giving_back(booking: Booking, scene: Scene) -> Choice:
    """One's own booking may be given back."""
    return Choice(GiveBack(booking), scene.say("own.cancel"), scene.say("own.cancel.caption"))
