"""What came of asking a unit, in words, and what may be done about it."""

from dataclasses import dataclass
from datetime import datetime

from access.book import Accepted, Refused
from access.bookings import Booking
from access.vocabulary import Refusal
from controller.link import Done
from kiosk.deeds import Again, GiveBack, Later, Lengthen, Rate, Reply, Report, Stop, Take, Undo
from kiosk.ports import Post
from kiosk.session import Session, Stage
from kiosk.views.preview import anybody
from kiosk.views.scene import Choice, Scene, Start, powered
from kiosk.views.why import why, why_tapped

SWITCH_S = 3
"""How long one's own booking may take to begin, or a machine to switch off, before it is promised no longer."""
UNDO_S = 10
"""How long one may change one's mind."""
FACES = (3, 2, 1)
"""From well to badly."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. `good`: None while nobody knows yet; `keys`: what may be done about it.

    `asks`: a question that needs no answer, with its `choices`.
    """

    good: bool | None
    title: str
    what: str = ""
    do: str = ""
    keys: tuple[Choice, ...] = ()
    asks: str = ""
    choices: tuple[Choice, ...] = ()


def result_of(session: Session, post: Post, scene: Scene) -> Result | None:
    """What came of asking; None while nobody asked."""
    say = scene.say
    if session.stage is Stage.CHOOSING:
        return None
    if session.stage is Stage.LEAVING:
        left = max(0, round(UNDO_S - (scene.monotonic - session.since)))
        keep = Choice(Undo(), say("result.keep"), main=True)
        return Result(True, say("result.given_back"), say("result.leaving.what", seconds=left), keys=(keep,))
    start = scene.starts.get(session.request)
    if session.stage is Stage.ASKING:
        if start is not None and start.late:
            return Result(False, say("result.off"), say("result.off.unheard.what"), say("result.asking"))
        return Result(None, say("result.asking"), say("result.asking.what"))
    if start is not None and start.withdrawn:
        return _withdrawn(start, session.request, post, scene)
    match session.answer or _made(session, post, scene):
        case None:
            again = Choice(Again(), say("sheet.again"), main=True)
            what, do = say("result.unreachable.what"), say("result.unreachable.do")
            return Result(False, say("result.unreachable"), what, do, (again,))
        case Refused(reasons):
            member = session.person.member if session.person is not None else anybody(post.machine)
            refusal = reasons[0] if reasons else Refusal.UNIT_UNREACHABLE
            return Result(False, say("result.refused"), *why(refusal, post, member, scene, _start(session)))
        case Accepted(booking):
            return _accepted(booking, session, post, scene)
        case Done():
            return _done(session, post, scene)


def _start(session: Session) -> datetime | None:
    """From when they wanted the machine; None: from now."""
    match session.wish:
        case Later(start):
            return start
        case Lengthen(booking):
            return booking.end
    return None


def _made(session: Session, post: Post, scene: Scene) -> Accepted | None:
    """The answer was lost, but the unit tells of the booking all the same."""
    state = scene.state(post.machine.id)
    bookings = state.bookings if state is not None else ()
    return next((Accepted(b) for b in bookings if b.id == session.request and b.live), None)


def _withdrawn(start: Start, request: str, post: Post, scene: Scene) -> Result:
    """No power in time, so it is given back: whether it is, or the power came after all, its unit says."""
    say, state = scene.say, scene.state(post.machine.id)
    kept = next((b for b in state.bookings if b.id == request and b.live), None) if state is not None else None
    given_back = isinstance(start.told, Accepted)
    if kept is not None and powered(state, request):
        if given_back:
            return Result(None, say("result.stopping"), say("result.stopping.what"))
        return Result(True, say("result.on"), say("result.on.what", at=scene.hour(kept.end)))
    title = say("result.off")
    if start.told is None:
        return Result(False, title, say("result.off.asked.what"), say("result.off.do"))
    if given_back or kept is None:
        return Result(False, title, say("result.off.undone.what"), say("result.off.do"))
    return Result(False, title, say("result.off.kept.what", at=scene.hour(kept.end)), say("result.badge_there"))


def _accepted(booking: Booking, session: Session, post: Post, scene: Scene) -> Result:
    say, at = scene.say, scene.hour(booking.end)
    match session.wish:
        case GiveBack():
            return Result(True, say("result.given_back"), say("result.given_back.what"))
        case Lengthen():
            return Result(True, say("result.longer"), say("result.longer.what", at=at))
        case Later():
            what = say("result.later.what", start=scene.hour(booking.start), end=at)
            return Result(True, say("result.starting"), what, keys=_undo(session, scene, "own.cancel"))
    return _granted(booking, session, post, scene)


def _granted(booking: Booking, session: Session, post: Post, scene: Scene) -> Result:
    """It is theirs. That the machine is on is said only once the unit says so."""
    say, at = scene.say, scene.hour(booking.end)
    undo = _undo(session, scene, "own.cancel") if isinstance(session.wish, Take) else ()
    if powered(scene.state(post.machine.id), booking.id):
        return Result(True, say("result.on"), say("result.on.what", at=at), keys=undo)
    if post.machine.hazardous:
        return Result(True, say("result.badge"), say("result.badge.what", at=at), keys=undo)
    start = scene.starts.get(session.request)
    if (not start.late) if start is not None else scene.monotonic - session.since < SWITCH_S:
        return Result(None, say("result.starting"), say("result.starting.what"))
    do = say("result.not_started.do")
    tap = scene.fresh_refusal(post.machine.id)
    if tap is not None:
        _, do = why_tapped(tap, post, scene)
    return Result(False, say("result.not_started"), say("result.not_started.what", at=at), do, undo)


def _undo(session: Session, scene: Scene, word: str) -> tuple[Choice, ...]:
    """A mistake may be taken back, for ten seconds."""
    fresh = scene.monotonic - session.since < UNDO_S
    return (Choice(Undo(), scene.say(word)),) if fresh else ()


def _done(session: Session, post: Post, scene: Scene) -> Result:
    say = scene.say
    if isinstance(session.wish, Report):
        return Result(True, say("result.reported"), say("result.reported.what"))
    assert isinstance(session.wish, Stop)
    state = scene.state(post.machine.id)
    if state is not None and state.phase == "idle":
        return _finished(session, post, scene)
    if scene.monotonic - session.since < SWITCH_S:
        return Result(None, say("result.stopping"), say("result.stopping.what"))
    return Result(False, say("result.not_stopped"), say("result.not_stopped.what"), say("result.badge_there"))


def _finished(session: Session, post: Post, scene: Scene) -> Result:
    """The machine is off: how was it? Nobody has to say."""
    say, survey = scene.say, scene.site.survey
    title, what = say("result.finished"), say("result.finished.what")
    if not session.rated:
        faces = tuple(Choice(Rate(face), say(f"face.{face}"), sign=f"face.{face}") for face in FACES)
        return Result(True, title, what, "", _resume(session, post, scene), say("face.ask"), faces)
    if survey is not None and not session.replied:
        answers = tuple(Choice(Reply(place), answer) for place, answer in enumerate(survey.answers))
        return Result(True, say("face.thanks"), asks=survey.question, choices=answers)
    return Result(True, say("face.thanks"), what)


def _resume(session: Session, post: Post, scene: Scene) -> tuple[Choice, ...]:
    """One may go on after all, while the booking lasts; not where the machine is dangerous."""
    run = session.wish.booking if isinstance(session.wish, Stop) else None
    if run is None or run.end <= scene.now or post.machine.hazardous:
        return ()
    return _undo(session, scene, "result.resume")
