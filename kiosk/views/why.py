"""Why not, what to do, and until when: a refusal in two short lines, with the hour or the day where it is known."""

from datetime import datetime, timedelta

from access.people import Badge, Member
from access.vocabulary import Reason, Refusal
from controller.link import LastTap
from kiosk.ports import Post
from kiosk.views.scene import Scene
from kiosk.words import unmarked, what_and_do


def why(
    reason: Refusal, post: Post, member: Member, scene: Scene, start: datetime | None = None
) -> tuple[str, str]:
    """Why this person cannot have the machine from `start` (None: from now), and what to do."""
    if reason is Refusal.CLOSED:
        return _closed(scene)
    lacking = sorted(post.machine.requires - member.qualifications)
    if reason is Refusal.NOT_QUALIFIED and lacking and lacking[0] in scene.site.trainings:
        what = scene.say("member.untrained", training=scene.site.trainings[lacking[0]])
        return what, what_and_do(scene.say, reason)[1]
    at = ""
    if reason is Refusal.MEMBERSHIP_EXPIRED:
        at = _last_day(member, scene)
    elif reason is Refusal.OVERLAP:
        at = _hour(taken_until(post, scene, start or scene.now), scene)
    return what_and_do(scene.say, reason, at)


def why_tapped(tap: LastTap, post: Post, scene: Scene) -> tuple[str, str]:
    """Why a tap at the machine was refused. Everybody can read it: no more is told than the board tells anyway."""
    at = ""
    if tap.reason in (Reason.IN_USE, Reason.BOOKED_BY_OTHER):
        at = _hour(taken_until(post, scene, scene.now), scene)
    elif tap.reason is Reason.TOO_EARLY:
        at = _hour(_next_of(tap.member, post, scene), scene)
    return what_and_do(scene.say, tap.reason, at)


def why_no_badge(badge: Badge | None, scene: Scene) -> tuple[str, str] | None:
    """Why a badge that was shown opens nothing here; None where it does. None is a badge that nobody has."""
    if badge is None:
        return what_and_do(scene.say, Reason.BADGE_UNKNOWN)
    if badge.until is not None and badge.ended(scene.now):
        at = scene.hour(badge.until) if scene.today(badge.until) else scene.date(badge.until)
        return what_and_do(scene.say, Reason.BADGE_REVOKED, at)
    return what_and_do(scene.say, Reason.BADGE_REVOKED) if badge.revoked else None


def taken_until(post: Post, scene: Scene, instant: datetime) -> datetime | None:
    """When whoever has the machine at an instant is done, and whoever follows at once; None where nobody knows."""
    state = scene.state(post.machine.id)
    if state is None:
        return None
    end = state.until if state.phase != "idle" and instant == scene.now else None
    for booking in sorted((b for b in state.bookings if b.blocks), key=lambda b: b.start):
        if booking.covers(end or instant):
            end = booking.end
    return end


def _closed(scene: Scene) -> tuple[str, str]:
    say, opening = scene.say, scene.site.opening
    closes, opens = opening.closes_after(scene.now), opening.opens_after(scene.now)
    if closes is not None and closes > scene.now:
        return say("closed.soon.what", at=scene.hour(closes)), say("closed.soon.do")
    if opens is None:
        return what_and_do(say, Refusal.CLOSED)
    day, at = say(f"day.{scene.local(opens).weekday()}"), scene.hour(opens)
    near = {0: "closed.today", 1: "closed.tomorrow"}
    days = (scene.local(opens).date() - scene.local(scene.now).date()).days
    when = say(near[days], at=at) if days in near else say("closed.day", day=day, at=at)
    return say("closed.opens.what", when=unmarked(when)), say("closed.opens.do")


def _last_day(member: Member, scene: Scene) -> str:
    """The last day of a membership that is over: at its very end it is no longer one."""
    ended = member.valid_until
    return scene.date(ended - timedelta(microseconds=1)) if ended is not None and ended <= scene.now else ""


def _next_of(member: str | None, post: Post, scene: Scene) -> datetime | None:
    state = scene.state(post.machine.id)
    bookings = state.bookings if state is not None else ()
    return min((b.start for b in bookings if b.live and b.member == member and b.start > scene.now), default=None)


def _hour(end: datetime | None, scene: Scene) -> str:
    """An hour of today; what ends on another day is not told by its hour."""
    return scene.hour(end) if end is not None and scene.today(end) else ""
