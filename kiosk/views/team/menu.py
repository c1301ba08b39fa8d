"""What somebody of the team may do here that is not about one machine, by their powers."""

from kiosk.session import Session
from kiosk.team import Enter, GiveBadge, Power, TeamPage, powers
from kiosk.views.scene import Choice, Scene
from kiosk.views.team.panel import Panel, ways_out


def menu(session: Session, scene: Scene) -> Panel:
    """Only what this person may do."""
    say, may = scene.say, powers(session.person)
    every = {
        Power.PLAN: Choice(Enter(TeamPage.PLAN), say("team.plan"), sign="plan"),
        Power.LESSON: Choice(Enter(TeamPage.LESSON), say("team.lesson"), sign="lesson"),
        Power.LEND: Choice(GiveBadge(keep=False), say("team.lend"), sign="lend"),
        Power.ENROL: Choice(GiveBadge(keep=True), say("team.enrol"), sign="enrol"),
    }
    choices = tuple(choice for power, choice in every.items() if power in may)
    return Panel(say("team.title"), say("team.lead"), ways_out(scene), choices, more=say("more"))
