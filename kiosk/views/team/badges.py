"""Giving somebody a badge: whose it is to be, and then the badge itself. Nothing to type."""

from access.people import Role
from kiosk.office import Progress
from kiosk.ports import Person
from kiosk.session import Session
from kiosk.team import Letter, Name, Team
from kiosk.views.scene import Choice, Scene
from kiosk.views.team.panel import Panel, ways_out
from kiosk.views.team.record import called

FEW = 12
"""So many names are shown at once; of more, their first letter is asked first."""
LENT_BY_TRAINERS = (Role.MEMBER, Role.TRAINER)
"""Whom a trainer lends a badge to: nobody who may do more than a trainer. The twin has the same rule."""


def names(session: Session, team: Team, scene: Scene) -> Panel:
    """The people who may be given a badge, by name; or the letters that their names begin with."""
    say, everybody = scene.say, _eligible(session, scene)
    title = say("names.enrol" if team.keep else "names.lend")
    out, more = ways_out(scene), say("more")
    if len(everybody) > FEW and not team.letter:
        letters = sorted({_letter(person) for person in everybody})
        choices = tuple(Choice(Letter(letter), letter) for letter in letters)
        return Panel(title, say("names.letter"), out, choices, small=True, more=more)
    shown = [person for person in everybody if not team.letter or _letter(person) == team.letter]
    found = tuple(Choice(Name(person.member.id), person.short) for person in shown)
    return Panel(title, say("names.pick"), out, found, more=more)


def _eligible(session: Session, scene: Scene) -> list[Person]:
    by_trainer = session.person is not None and session.person.member.role is Role.TRAINER
    people = [p for p in scene.site.people if p.short and (not by_trainer or p.member.role in LENT_BY_TRAINERS)]
    return sorted(people, key=lambda person: person.short.casefold())


def _letter(person: Person) -> str:
    return person.short[:1].upper()


_LAY = {
    None: "enrol.lay",
    Progress.WAITING: "enrol.lay",
    Progress.CROWDED: "enrol.crowded",
    Progress.WRITING: "enrol.writing",
    Progress.AGAIN: "enrol.again",
}


def waiting_for_a_badge(team: Team, scene: Scene) -> Panel:
    """Lay it on the reader."""
    say = scene.say
    title = say("lend.title", name=called(team.member, scene))
    lay = say(_LAY[team.progress]) if team.keep else say("lend.lay")
    return Panel(title, "", ways_out(scene), lay=lay)
