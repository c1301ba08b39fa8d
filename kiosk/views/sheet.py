"""One machine: the hours to be had or what is one's own, or why there is nothing, or what came of asking."""

from dataclasses import dataclass, replace

from access.people import Member
from access.vocabulary import Refusal
from kiosk.deeds import Back, Open, Page, Report, Take, Trouble
from kiosk.ports import Person, Post
from kiosk.session import Session, Stage
from kiosk.views.comfort import comfort_key
from kiosk.views.member import own_tile
from kiosk.views.own import Own, choices_for, hindrance, line, owned
from kiosk.views.preview import PERSONAL, anybody, barrier, offers, reservations
from kiosk.views.result import Result, result_of
from kiosk.views.scene import Choice, Scene
from kiosk.views.team.keys import upkeep_keys
from kiosk.views.tile import OUT_OF_ORDER, Look, Tile, tile
from kiosk.views.why import why
from kiosk.words import Say, what_and_do


@dataclass(frozen=True, slots=True)
class Sheet:
    """The screen: `choices` in its middle, or a result."""

    tile: Tile
    question: str
    choices: tuple[Choice, ...]
    hint: str
    keys: tuple[Choice, ...]
    result: Result | None = None

    @property
    def back(self) -> tuple[Choice, ...]:
        """The key that leads back, if there is one: it stands alone, where reading begins."""
        return tuple(key for key in self.keys if key.deed == Back())

    @property
    def others(self) -> tuple[Choice, ...]:
        """The other keys, at the other side; each stays where it is when the one that leads back comes."""
        return tuple(key for key in self.keys if key.deed != Back())


def sheet(session: Session, machine: str, scene: Scene) -> Sheet:
    """The screen for the machine that was picked."""
    post, person = scene.site.post(machine), session.person
    shown = tile(post, scene) if person is None else own_tile(post, person, scene)
    result = result_of(session, post, scene)
    if result is not None:
        return Sheet(shown, "", (), "", _ways_out(session, result, scene), result)
    if session.page is Page.REPORT:
        return _report(shown, scene)
    own = _own(session, person, post, shown, scene)
    if own is not None and person is not None:
        return _about_own(own, person, shown, session, scene)
    return _for_the_taking(session, post, shown, scene)


def _for_the_taking(session: Session, post: Post, shown: Tile, scene: Scene) -> Sheet:
    """The hours from now; or those after whoever has it; or why there are none."""
    say, member = scene.say, _member(session, post)
    keys = _ways_out(session, None, scene)
    if shown.look in OUT_OF_ORDER:
        return Sheet(shown, "", (), "", keys, Result(False, shown.word, shown.what, shown.do))
    found = offers(post, member, scene, session.wish)
    if found:
        return Sheet(shown, say("sheet.question"), found, _hint(session, post, found, scene), keys)
    later = reservations(post, member, scene, session.wish)
    if later:
        hint = _hint(session, post, later, scene)
        return Sheet(shown, say("sheet.later", at=later[0].caption), later, hint, keys)
    return Sheet(shown, "", (), "", keys, _why_not(session, post, shown, scene))


def _member(session: Session, post: Post) -> Member:
    return session.person.member if session.person is not None else anybody(post.machine)


def _own(session: Session, person: Person | None, post: Post, shown: Tile, scene: Scene) -> Own | None:
    """What is theirs here: the booking that was touched, or whatever is theirs now."""
    if person is None:
        return None
    here = [own for own in owned(person, scene) if own.post is post]
    touched = [own for own in here if own.booking is not None and own.booking.id == session.booking]
    return next(iter(touched or (here if shown.look is Look.YOURS or _run(here) else [])), None)


def _run(here: list[Own]) -> bool:
    return any(own.state is not None for own in here)


def _about_own(own: Own, person: Person, shown: Tile, session: Session, scene: Scene) -> Sheet:
    choices, ways = tuple(choices_for(own, person, scene)), _ways_out(session, None, scene)
    barred = hindrance(own, person, scene)
    if barred is not None:
        no = Result(False, barred.word, barred.what, barred.do)
        keys = (*ways, *(replace(choice, caption="") for choice in choices))
        return Sheet(shown, line(own, scene), (), "", keys, no)
    due = own.state is None and not any(choice.main for choice in choices)
    hazard = scene.say("sheet.hazardous") if own.post.machine.hazardous and due else ""
    return Sheet(shown, line(own, scene), choices, hazard, ways)


def _report(shown: Tile, scene: Scene) -> Sheet:
    """Six pictograms, nothing to type."""
    choices = tuple(
        Choice(Report(trouble), scene.say(f"trouble.{trouble}"), sign=f"trouble.{trouble}") for trouble in Trouble
    )
    keys = (Choice(Back(), scene.say("sheet.back")), comfort_key(scene))
    return Sheet(shown, scene.say("report.question"), choices, "", keys)


def _ways_out(session: Session, result: Result | None, scene: Scene) -> tuple[Choice, ...]:
    """One step back, and another language. While the unit is being asked there is no step back: it answers within
    seconds."""
    say = scene.say
    if session.stage is Stage.ASKING:
        return (comfort_key(scene),)
    done = session.stage in (Stage.ANSWERED, Stage.LEAVING) and result is not None and result.good
    back = Choice(Back(), say("member.leave" if done else "sheet.back"))
    if session.stage is not Stage.CHOOSING:
        return (back, comfort_key(scene), *(result.keys if result is not None else ()))
    report = Choice(Open(Page.REPORT), say("report.key"), sign="report")
    return (back, comfort_key(scene), report, *upkeep_keys(session.person, str(session.machine), scene))


def _hint(session: Session, post: Post, found: tuple[Choice, ...], scene: Scene) -> str:
    if session.person is None:
        chosen = next((choice for choice in found if choice.chosen), None)
        if chosen is None:
            return scene.say("sheet.badge_then")
        return scene.say("sheet.badge_now", at=chosen.big)
    now = isinstance(found[0].deed, Take)
    return scene.say("sheet.hazardous" if post.machine.hazardous and now else "sheet.touch")


def _why_not(session: Session, post: Post, shown: Tile, scene: Scene) -> Result:
    """There is nothing to offer: the first reason, in words."""
    member = _member(session, post)
    reasons = barrier(post, member, scene)
    if reasons:
        what, do = why(reasons[0], post, member, scene)
        return Result(False, _no(reasons[0], shown, scene.say), what, do)
    return Result(False, scene.say("result.refused"), *what_and_do(scene.say, Refusal.TOO_SHORT))


def _no(reason: Refusal, shown: Tile, say: Say) -> str:
    """No, in two words."""
    if reason is Refusal.NOT_QUALIFIED:
        return say("result.untrained")
    personal = reason in PERSONAL or shown.look in (Look.FREE, Look.YOURS)
    return say("result.refused") if personal else shown.word
