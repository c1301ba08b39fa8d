"""What came of what the team asked for, in words."""

from access.vocabulary import Fault
from controller.link import Clear
from kiosk.deeds import Again
from kiosk.office import GiveCard, Lend, Lock, NotDone, Noted, NoteService, Obstacle, Unlock
from kiosk.session import Session
from kiosk.team import Team
from kiosk.views.result import SWITCH_S, Result
from kiosk.views.scene import Choice, Scene
from kiosk.views.sheet import Sheet
from kiosk.views.team.panel import Panel, ways_out
from kiosk.views.team.record import called
from kiosk.views.tile import tile


def result_page(session: Session, team: Team, scene: Scene) -> Sheet | Panel:
    """About a machine: on its page. About a badge: on a page of its own."""
    result = result_of(team, scene)
    out = ways_out(scene)
    if team.machine:
        shown = tile(scene.site.post(team.machine), scene)
        return Sheet(shown, "", (), "", (*out[::-1], *result.keys), result)
    title = scene.say("lend.title", name=called(team.member, scene)) if team.member else scene.say("team.title")
    return Panel(title, "", out, foot=result.keys, result=result)


def result_of(team: Team, scene: Scene) -> Result:
    """What is known of it so far."""
    say, answer = scene.say, team.answer
    if answer is None:
        return Result(None, say("result.asking"), say("team.asking"))
    if isinstance(answer, NotDone):
        return _not_done(team, answer.why, scene)
    if isinstance(team.asked, Clear):
        return _cleared(team, scene)
    assert isinstance(answer, Noted)
    match team.asked:
        case Lock(machine=machine):
            state = scene.state(machine)
            heard = state is not None and state.locked and not scene.silent(machine)
            return Result(True, say("lock.done"), say("lock.heard" if heard else "lock.unheard"))
        case Unlock():
            return Result(True, say("unlock.done"), say("unlock.done.what"))
        case NoteService():
            return Result(True, say("team.noted"), say("service.noted"))
        case Lend(member=member):
            at = scene.hour(answer.until) if answer.until is not None else ""
            return Result(True, say("lend.done"), say("lend.done.what", name=called(member, scene), at=at))
        case GiveCard(member=member):
            return Result(True, say("enrol.done"), say("enrol.done.what", name=called(member, scene)))
    return Result(True, say("team.noted"), say("faults.noted"))


def _not_done(team: Team, why: Obstacle, scene: Scene) -> Result:
    say = scene.say
    keys = (Choice(Again(), say("sheet.again"), main=True),) if why is Obstacle.AWAY and team.asked else ()
    do = say("lock.away.do" if why is Obstacle.AWAY and isinstance(team.asked, Lock) else f"obstacle.{why}.do")
    return Result(False, say("result.refused"), say(f"obstacle.{why}.what"), do, keys)


def _cleared(team: Team, scene: Scene) -> Result:
    """The fault is over once the unit says so."""
    say, state = scene.say, scene.state(team.machine)
    if state is not None and Fault.RELAY_WELDED not in state.faults:
        return Result(True, say("clear.done"), say("unlock.done.what"))
    if scene.monotonic - team.since < SWITCH_S:
        return Result(None, say("result.asking"), say("result.asking.what"))
    return Result(False, say("clear.stands"), say("clear.stands.what"), say("clear.stands.do"))
