"""From what the kiosk knows to what its screens show: pure, and without Kivy.

Nothing is decided here. What may be had is asked of `access.book.walk_up`, the rules that the unit itself
will apply, as a preview; the unit's own answer is what counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from access.book import Accepted, Answer, Circumstances, Refused, walk_up
from access.bookings import Booking, next_start
from access.machines import Machine
from access.people import Member
from access.vocabulary import BLOCKING_FAULTS, Fault, Outcome, Refusal
from controller.link import Done, LastTap, UnitState
from kiosk.ports import Person, Post, Site
from kiosk.session import Session, Stage
from kiosk.words import Say, what_and_do

SILENT_S = 4.5
"""After this long without a word a unit is shown as silent: its next word was due after 4 (see `courier`)."""
TOLD_S = 15
"""How long the refusal of a tap stands on its machine's tile."""
START_S = 3
"""How long an accepted walk-up may take to switch the machine on before the screen stops promising it."""
LENGTHS_MINUTES = (30, 60, 90, 120)
"""The lengths worth a button; the policy's longest joins them."""

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


class Look(StrEnum):
    """How a machine looks from across the room. Each has a word, a colour and a shape of its own."""

    FREE = "free"
    RESERVED = "reserved"
    STARTING = "starting"
    BUSY = "busy"
    YOURS = "yours"
    LOCKED = "locked"
    FAULT = "fault"
    ESTOP = "estop"
    SILENT = "silent"
    CLOSED = "closed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kiosk last heard from a unit, and when, on its own monotonic clock.

    `refused_at`: when it saw the refusal that the state's last tap is; None when there is nothing to tell.
    """

    state: UnitState | None = None
    heard_at: float = 0.0
    refused_at: float | None = None


@dataclass(frozen=True)
class Scene:
    """Everything a view is made of."""

    site: Site
    seen: Mapping[str, Seen]
    now: datetime
    monotonic: float
    say: Say
    reader_lost: bool = False

    def silent(self, machine: str) -> bool:
        """True when the unit has not been heard for too long."""
        return self.monotonic - self.seen[machine].heard_at >= SILENT_S

    def hour(self, instant: datetime) -> str:
        """An instant as the clock on the wall shows it."""
        return f"{self.local(instant):%H:%M}"

    def local(self, instant: datetime) -> datetime:
        """An instant in the workshop's own time."""
        return instant.astimezone(ZoneInfo(self.site.opening.timezone))


@dataclass(frozen=True, slots=True)
class Tile:
    """A machine on the board. `told`: `what` and `do` are to be read now, instead of the state's word."""

    machine: str
    name: str
    look: Look
    word: str
    line: str = ""
    what: str = ""
    do: str = ""
    told: bool = False
    barred: bool = False

    @property
    def big(self) -> str:
        """What is to be read first."""
        return self.what if self.told else self.word

    @property
    def small(self) -> str:
        """What is to be read next."""
        if self.told or not self.what:
            return self.do if self.told else self.line
        return self.what if self.look is Look.FREE else self.do


@dataclass(frozen=True, slots=True)
class Board:
    """The idle screen. `notice`: what is the matter and what to do, for who has just badged."""

    title: str
    date: str
    hour: str
    invite: str
    tiles: tuple[Tile, ...]
    notice: tuple[str, str] | None = None
    more: str = ""


@dataclass(frozen=True, slots=True)
class MemberPage:
    """What a person sees after badging: their own hours first, then every machine, the usable ones first."""

    hello: str
    lines: tuple[str, ...]
    tiles: tuple[Tile, ...]
    leave: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: the machine until `end`."""

    minutes: float
    end: str
    caption: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. `good`: None while nobody knows yet; `again`: the word on a button, or none."""

    good: bool | None
    title: str
    what: str = ""
    do: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One machine, and until when it may be had; or what came of asking for it."""

    tile: Tile
    hello: str
    question: str
    offers: tuple[Offer, ...]
    hint: str
    back: str
    result: Result | None = None


View = Board | MemberPage | Sheet


def view(session: Session, scene: Scene) -> View:
    """The screen that fits where the person stands."""
    if session.machine is not None:
        return sheet(session, session.machine, scene)
    if session.person is not None:
        return member_page(session.person, scene)
    return board(scene, session.notice)


# The board


def board(scene: Scene, notice: tuple[str, str] | None = None) -> Board:
    """All machines, for anybody who walks past."""
    say = scene.say
    local = scene.local(scene.now)
    if scene.reader_lost and notice is None:
        notice = say("board.reader_lost.what"), say("board.reader_lost.do")
    day, month = say(f"day.{local.weekday()}"), say(f"month.{local.month}")
    return Board(
        scene.site.name,
        say("date", day=day, number=local.day, month=month),
        scene.hour(scene.now),
        say("board.invite"),
        tuple(tile(post, scene) for post in scene.site.posts),
        notice,
        say("more"),
    )


def tile(post: Post, scene: Scene) -> Tile:
    """A machine as it stands for everybody, with the refusal of its last tap while that is fresh."""
    look, line = _look(post, scene)
    what, do = _matter(post, look, scene)
    shown = Tile(post.machine.id, post.name, look, scene.say(f"look.{look}"), line, what, do)
    tap = _fresh_refusal(scene.seen[post.machine.id], scene.monotonic)
    if tap is not None and look is not Look.SILENT:
        what, do = what_and_do(scene.say, tap.reason)
        return replace(shown, what=what, do=do, told=True)
    return shown


def _look(post: Post, scene: Scene) -> tuple[Look, str]:
    """How a machine looks, and until when."""
    state = scene.seen[post.machine.id].state
    if scene.silent(post.machine.id):
        return Look.SILENT, ""
    if state is None:
        return Look.WAITING, ""
    broken = _broken(state)
    if broken is not None:
        return broken, ""
    if state.phase == "starting":
        return Look.STARTING, ""
    if state.phase != "idle":
        return Look.BUSY, _until(state.until, scene)
    return _look_when_idle(post, state, scene)


def _broken(state: UnitState) -> Look | None:
    if Fault.ESTOP in state.faults:
        return Look.ESTOP
    if state.faults & (BLOCKING_FAULTS | {Fault.JOURNAL, Fault.CLOCK}) or not state.clock_trusted:
        return Look.FAULT
    return Look.LOCKED if state.locked else None


def _look_when_idle(post: Post, state: UnitState, scene: Scene) -> tuple[Look, str]:
    """Free, if anybody could walk up now: the preview says it, and why not."""
    closes = scene.site.opening.closes_after(scene.now)
    if closes == scene.now:
        return Look.CLOSED, _opens(scene)
    current = next((b for b in state.bookings if b.blocks and b.covers(scene.now)), None)
    if current is not None:
        return Look.RESERVED, _until(current.end, scene)
    coming = next_start(state.bookings, scene.now)
    answer = preview(post, anybody(post.machine), _shortest(scene), scene)
    if answer == Refused((Refusal.TOO_SHORT,)) and coming is not None:
        return Look.RESERVED, scene.say("from", at=scene.hour(coming))
    ends = [end for end in (coming, closes) if end is not None and _today(end, scene)]
    return Look.FREE, _until(min(ends, default=None), scene)


def _until(end: datetime | None, scene: Scene) -> str:
    return scene.say("until", at=scene.hour(end)) if end is not None else ""


def _opens(scene: Scene) -> str:
    week = scene.site.opening.intervals(scene.now, scene.now + timedelta(days=8))
    opens = next((start for start, _ in week if start > scene.now), None)
    return scene.say("opens", at=scene.hour(opens)) if opens is not None else ""


def _today(instant: datetime, scene: Scene) -> bool:
    return scene.local(instant - timedelta(microseconds=1)).date() == scene.local(scene.now).date()


def _matter(post: Post, look: Look, scene: Scene) -> tuple[str, str]:
    """What is wrong with a machine, and what to do about it; empty when nothing is."""
    state = scene.seen[post.machine.id].state
    if look is Look.SILENT:
        return scene.say("silent.what"), scene.say("silent.do")
    if look is Look.LOCKED:
        return what_and_do(scene.say, Refusal.MACHINE_LOCKED)
    if state is None or look in (Look.WAITING, Look.CLOSED):
        return "", ""
    faults = state.faults | (frozenset() if state.clock_trusted else {Fault.CLOCK})
    worst = next((fault for fault in Fault if fault in faults), None)
    return what_and_do(scene.say, worst) if worst is not None else ("", "")


def _fresh_refusal(seen: Seen, monotonic: float) -> LastTap | None:
    fresh = seen.refused_at is not None and monotonic - seen.refused_at < TOLD_S
    return seen.state.last if fresh and seen.state is not None else None


def hear(seen: Seen, state: UnitState | None, monotonic: float) -> Seen:
    """What is known of a unit after it said this; None: that there is nothing new."""
    if state is None:
        return replace(seen, heard_at=monotonic)
    refused_at = seen.refused_at
    if state.last != (seen.state.last if seen.state else None):
        refused_at = monotonic if state.last is not None and _worth_telling(state.last, state.now) else None
    return Seen(state, monotonic, refused_at)


def _worth_telling(tap: LastTap, now: datetime) -> bool:
    """Also not what happened long before this screen was switched on."""
    return tap.outcome is Outcome.REFUSED and now - tap.at < timedelta(seconds=TOLD_S)


# The preview


def preview(post: Post, member: Member, minutes: float, scene: Scene) -> Answer:
    """What the unit would answer to a walk-up, by its own rules, as far as this screen knows."""
    return walk_up("", member, minutes, _circumstances(post, scene))


def anybody(machine: Machine) -> Member:
    """Somebody who may use the machine: who will badge is not known yet."""
    return Member("", qualifications=machine.requires)


def _circumstances(post: Post, scene: Scene) -> Circumstances:
    state = scene.seen[post.machine.id].state
    site = scene.site
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


def _shortest(scene: Scene) -> float:
    return scene.site.policy.walk_up_min_minutes


def offers(post: Post, member: Member, scene: Scene, chosen: float | None = None) -> tuple[Offer, ...]:
    """The ends that may be had, each once, cut as the rules cut them."""
    policy = scene.site.policy
    lengths: list[float] = [m for m in LENGTHS_MINUTES if m <= policy.walk_up_max_minutes]
    if not lengths or policy.walk_up_max_minutes > lengths[-1]:
        lengths = [*lengths[-3:], policy.walk_up_max_minutes]
    found: dict[str, Offer] = {}
    for minutes in lengths:
        answer = preview(post, member, minutes, scene)
        if isinstance(answer, Accepted):
            end = scene.hour(answer.booking.end)
            found.setdefault(end, Offer(minutes, end, _caption(answer.booking, minutes, post, scene)))
    return tuple(replace(offer, chosen=offer.minutes == chosen) for offer in found.values())


def _caption(booking: Booking, minutes: float, post: Post, scene: Scene) -> str:
    """How long that is; or what cuts it short."""
    if booking.end - booking.start >= timedelta(minutes=minutes):
        hours, rest = divmod(round(minutes), 60)
        if not hours:
            return scene.say("offer.minutes", minutes=rest)
        return scene.say("offer.hours_minutes" if rest else "offer.hours", hours=hours, minutes=f"{rest:02}")
    state = scene.seen[post.machine.id].state
    if state is not None and next_start(state.bookings, scene.now) == booking.end:
        return scene.say("offer.next")
    closing = scene.site.opening.closes_after(scene.now) == booking.end
    return scene.say("offer.closing" if closing else "offer.longest")


# The member's page


def member_page(person: Person, scene: Scene) -> MemberPage:
    """What a person may have, what is already theirs, and what may not be had, with why."""
    say = scene.say
    name = person.first_name
    tiles = sorted((_own_tile(post, person, scene) for post in scene.site.posts), key=_usefulness)
    barred = _barred_everywhere(person.member, scene)
    lines = [barred] if barred else list(_own_lines(person, scene))[:2] or [say("member.choose")]
    hello = say("member.hello", name=name) if name else say("member.hello_nameless")
    return MemberPage(hello, tuple(lines), tuple(tiles), say("member.leave"), say("more"))


def _barred_everywhere(member: Member, scene: Scene) -> str:
    """What keeps this person from every machine, whatever it is; empty when nothing does."""
    if not scene.site.posts:
        return ""
    answer = preview(scene.site.posts[0], member, _shortest(scene), scene)
    reasons = answer.reasons if isinstance(answer, Refused) else ()
    everywhere = [r for r in reasons if r in PERSONAL - OF_THE_MACHINE]
    return " ".join(what_and_do(scene.say, everywhere[0])) if everywhere else ""


def _own_tile(post: Post, person: Person, scene: Scene) -> Tile:
    """A machine as it stands for this person."""
    shown = replace(tile(post, scene), told=False)
    if shown.look in (Look.FREE, Look.BUSY, Look.RESERVED) and _own_here(person, post, scene):
        return replace(shown, look=Look.YOURS, word=scene.say("look.yours"))
    answer = preview(post, person.member, _shortest(scene), scene)
    personal = [r for r in answer.reasons if r in PERSONAL] if isinstance(answer, Refused) else []
    if personal:
        if personal[0] not in OF_THE_MACHINE:
            return replace(shown, barred=True)  # said once, above them all
        what, do = why(personal[0], post, person.member, scene)
        return replace(shown, what=what, do=do, barred=True, told=True)
    return shown


def why(reason: Refusal, post: Post, member: Member, scene: Scene) -> tuple[str, str]:
    """A refusal in words, with the training by its name."""
    what, do = what_and_do(scene.say, reason)
    lacking = sorted(post.machine.requires - member.qualifications)
    if reason is Refusal.NOT_QUALIFIED and lacking and lacking[0] in scene.site.trainings:
        what = scene.say("member.untrained", training=scene.site.trainings[lacking[0]])
    return what, do


def _usefulness(shown: Tile) -> int:
    """What is of use first; the order of the workshop within."""
    return 3 if shown.barred else {Look.YOURS: 0, Look.FREE: 1}.get(shown.look, 2)


def _own_lines(person: Person, scene: Scene) -> Iterator[str]:
    """The person's running machine, then their bookings, the nearest first."""
    names = {post.machine.id: post.name for post in scene.site.posts}
    states = [scene.seen[machine].state for machine in names]
    known = [state for state in states if state is not None]
    for state in known:
        if _runs(person, state):
            yield _own_run(state, names[state.machine], scene)
    own = [b for state in known for b in _own_bookings(person, state, scene)]
    for booking in sorted(own, key=lambda b: b.start):
        yield _own_booking(booking, names[booking.machine], scene)


def _own_here(person: Person, post: Post, scene: Scene) -> str:
    """What is this person's on a machine now, in words; empty when nothing is."""
    state = scene.seen[post.machine.id].state
    if state is None:
        return ""
    if _runs(person, state):
        return _own_run(state, post.name, scene)
    due = [b for b in _own_bookings(person, state, scene) if b.covers(scene.now)]
    return _own_booking(due[0], post.name, scene) if due else ""


def _runs(person: Person, state: UnitState) -> bool:
    return state.member == person.member.id and state.phase != "idle"


def _own_bookings(person: Person, state: UnitState, scene: Scene) -> list[Booking]:
    """The person's bookings of a machine that are yet to be used."""
    return [
        booking
        for booking in state.bookings
        if booking.live and booking.member == person.member.id and booking.end > scene.now
        if not (_runs(person, state) and booking.id == state.booking)
    ]


def _own_run(state: UnitState, name: str, scene: Scene) -> str:
    if state.until is None:
        return scene.say("member.running_open", machine=name)
    return scene.say("member.running", machine=name, end=scene.hour(state.until))


def _own_booking(booking: Booking, name: str, scene: Scene) -> str:
    start, end = scene.hour(booking.start), scene.hour(booking.end)
    if booking.start - scene.site.policy.early_start <= scene.now:
        return scene.say("member.due", machine=name, end=end)
    if _today(booking.start, scene):
        return scene.say("member.next", machine=name, start=start, end=end)
    day = scene.say(f"day.{scene.local(booking.start).weekday()}")
    return scene.say("member.next_day", machine=name, day=day, start=start, end=end)


# The durations, and what came of it


def sheet(session: Session, machine: str, scene: Scene) -> Sheet:
    """One machine: the hours to be had, or why there are none, or what came of asking."""
    say, post, person = scene.say, scene.site.post(machine), session.person
    member = person.member if person is not None else anybody(post.machine)
    shown = tile(post, scene) if person is None else _own_tile(post, person, scene)
    result = _result(session, post, scene)
    found = offers(post, member, scene, session.minutes) if result is None else ()
    if result is None and not found:
        result = _why_not(session, post, shown, scene)
    return Sheet(
        shown,
        say("member.hello", name=person.first_name) if person is not None and person.first_name else "",
        say("sheet.question") if found else "",
        found,
        _hint(session, post, found, scene) if found else "",
        _way_out(session, result, say),
        result,
    )


def _way_out(session: Session, result: Result | None, say: Say) -> str:
    """There is none while the unit is being asked: it answers within seconds."""
    if session.stage is Stage.ASKING:
        return ""
    done = session.stage is Stage.ANSWERED and result is not None and result.good
    return say("member.leave" if done else "sheet.back")


def _hint(session: Session, post: Post, found: tuple[Offer, ...], scene: Scene) -> str:
    if session.person is None:
        chosen = next((offer for offer in found if offer.chosen), None)
        if chosen is None:
            return scene.say("sheet.badge_then")
        return scene.say("sheet.badge_now", at=chosen.end)
    return scene.say("sheet.hazardous" if post.machine.hazardous else "sheet.touch")


def _why_not(session: Session, post: Post, shown: Tile, scene: Scene) -> Result:
    """There is nothing to offer: it is theirs already, or the first reason, in words."""
    person = session.person
    if person is not None and shown.look is Look.YOURS:
        return Result(True, shown.word, _own_here(person, post, scene))
    member = person.member if person is not None else anybody(post.machine)
    answer = preview(post, member, _shortest(scene), scene)
    if isinstance(answer, Refused):
        what, do = why(answer.reasons[0], post, member, scene)
        return Result(False, _no(answer.reasons[0], shown, scene.say), what, do)
    return Result(False, scene.say("result.refused"), *what_and_do(scene.say, Refusal.TOO_SHORT))


def _no(reason: Refusal, shown: Tile, say: Say) -> str:
    """No, in two words."""
    if reason is Refusal.NOT_QUALIFIED:
        return say("result.untrained")
    personal = reason in PERSONAL or shown.look in (Look.FREE, Look.YOURS)
    return say("result.refused") if personal else shown.word


def _result(session: Session, post: Post, scene: Scene) -> Result | None:
    """What came of asking; None while nobody asked."""
    say = scene.say
    if session.stage is Stage.CHOOSING:
        return None
    if session.stage is Stage.ASKING:
        return Result(None, say("result.asking"), say("result.asking.what"))
    match session.answer or _made(session, post, scene):
        case None:
            what, do = say("result.unreachable.what"), say("result.unreachable.do")
            return Result(False, say("result.unreachable"), what, do, say("sheet.again"))
        case Refused(reasons):
            member = session.person.member if session.person is not None else anybody(post.machine)
            refusal = reasons[0] if reasons else Refusal.UNIT_UNREACHABLE
            return Result(False, say("result.refused"), *why(refusal, post, member, scene))
        case Accepted(booking):
            return _granted(booking, session, post, scene)
        case Done():
            return Result(True, say("result.starting"))


def _made(session: Session, post: Post, scene: Scene) -> Accepted | None:
    """The answer was lost, but the unit tells of the booking all the same."""
    state = scene.seen[post.machine.id].state
    bookings = state.bookings if state is not None else ()
    return next((Accepted(b) for b in bookings if b.id == session.request and b.live), None)


def _granted(booking: Booking, session: Session, post: Post, scene: Scene) -> Result:
    """It is booked. That the machine is on is said only once the unit says so."""
    say, state, at = scene.say, scene.seen[post.machine.id].state, scene.hour(booking.end)
    if state is not None and state.booking == booking.id and state.phase in ("running", "finishing"):
        return Result(True, say("result.on"), say("result.on.what", at=at))
    if post.machine.hazardous:
        return Result(True, say("result.badge"), say("result.badge.what", at=at))
    if scene.monotonic - session.answered_at < START_S:
        return Result(None, say("result.starting"), say("result.starting.what"))
    do = say("result.not_started.do")
    tap = _fresh_refusal(scene.seen[post.machine.id], scene.monotonic)
    if tap is not None:
        _, do = what_and_do(say, tap.reason)
    return Result(False, say("result.not_started"), say("result.not_started.what", at=at), do)
