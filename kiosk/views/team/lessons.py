"""A class: which machines, until when, and what became of each."""

from datetime import datetime

from access.book import Accepted, Refused
from access.vocabulary import Refusal
from kiosk import lesson as classes
from kiosk.lesson import LESSON, NEAR, Lesson, Part
from kiosk.ports import Person, Post
from kiosk.session import Session
from kiosk.team import EndLesson, Enter, OpenUntil, Team, TeamPage, Toggle
from kiosk.views.preview import anybody, circumstances
from kiosk.views.result import SWITCH_S
from kiosk.views.scene import Choice, Scene, powered
from kiosk.views.team.panel import Panel, Table, ways_out
from kiosk.views.tile import Look, tile
from kiosk.views.why import why


def lesson_machines(session: Session, team: Team, scene: Scene) -> Panel:
    """The machines that could be had for a class now; touched again they are left out."""
    say, person = scene.say, session.person
    assert person is not None
    free = _free(person, scene)
    choices = tuple(
        Choice(Toggle(post.machine.id), post.name, tile(post, scene).line, chosen=post.machine.id in team.picked)
        for post in free
    )
    foot = []
    if team.picked:
        foot.append(Choice(Enter(TeamPage.ENDS), say("lesson.ends"), main=True))
    under_way = _under_way(person, scene)
    if under_way:
        foot.append(Choice(EndLesson(under_way), say("lesson.end")))
    lead = say("lesson.pick") if free else say("lesson.none")
    return Panel(say("team.lesson"), lead, ways_out(scene), choices, tuple(foot), more=say("more"))


def _free(person: Person, scene: Scene) -> list[Post]:
    """What this person could walk up to, and what is well."""
    first = _ends(scene)[:1]
    return [
        post
        for post in scene.site.posts
        if first
        and tile(post, scene).look is Look.FREE
        and not isinstance(classes.foreseen(person.member, first[0], circumstances(post, scene)), Refusal)
    ]


def _ends(scene: Scene) -> list[datetime]:
    """The ends that may be worth a key."""
    site = scene.site
    return classes.ends(scene.now, site.policy.booking_max, site.opening.closes_after(scene.now))


def _under_way(person: Person, scene: Scene) -> tuple[tuple[str, str], ...]:
    """The machines that this person's class still has, and the booking of each."""
    found = []
    for post in scene.site.posts:
        state = scene.state(post.machine.id)
        for booking in state.bookings if state is not None else ():
            mine = booking.live and booking.member == person.member.id and booking.id.startswith(LESSON)
            if mine and booking.end > scene.now:
                found.append((post.machine.id, booking.id))
    return tuple(found)


def lesson_ends(session: Session, team: Team, scene: Scene) -> Panel:
    """Until when, and how many of the machines last so long."""
    say, person = scene.say, session.person
    assert person is not None
    choices = []
    for end in _ends(scene):
        reached = _reaching(person, team, end, scene)
        if reached:
            word = "lesson.all" if reached == len(team.picked) else "lesson.some"
            caption = say(word, count=reached, all=len(team.picked))
            choices.append(Choice(OpenUntil(end), scene.hour(end), caption))
    return Panel(say("team.lesson"), say("sheet.question"), ways_out(scene), tuple(choices), more=say("more"))


def _reaching(person: Person, team: Team, end: datetime, scene: Scene) -> int:
    """How many of the machines that were picked could be had up to this end."""
    posts = [post for post in scene.site.posts if post.machine.id in team.picked]
    found = [classes.foreseen(person.member, end, circumstances(post, scene)) for post in posts]
    return sum(isinstance(last, datetime) and end - last < NEAR for last in found)


def opened(team: Team, scene: Scene) -> Table:
    """What became of each machine."""
    say, lesson = scene.say, team.lesson
    assert lesson is not None
    rows = tuple((scene.site.post(part.machine).name, _became(part, lesson, team, scene)) for part in lesson.parts)
    lead = say("lesson.ending") if lesson.ending else say("lesson.opened", at=scene.hour(lesson.end))
    heads = say("lesson.machine"), say("faults.state")
    return Table(say("team.lesson"), lead, ways_out(scene), heads, (1.0, 1.4), rows, more=say("more"))


def _became(part: Part, lesson: Lesson, team: Team, scene: Scene) -> str:
    """That a machine is on, or off, is said once its unit says so."""
    say = scene.say
    if not part.settled:
        return say("result.asking")
    if isinstance(part.answer, Refused):
        reasons = part.answer.reasons
        post = scene.site.post(part.machine)
        return why(reasons[0] if reasons else Refusal.UNIT_UNREACHABLE, post, anybody(post.machine), scene)[0]
    if not isinstance(part.answer, Accepted):
        return say("lesson.silent")
    if lesson.ending:
        return say("lesson.given_back")
    booking = part.answer.booking
    at = scene.hour(booking.end)
    if powered(scene.state(part.machine), booking.id):
        return say("lesson.on" if lesson.reaches(booking.end) else "lesson.on_shorter", at=at)
    waits = scene.monotonic - team.since < SWITCH_S and not scene.site.post(part.machine).machine.hazardous
    return say("result.asking") if waits else say("lesson.tap", at=at)
