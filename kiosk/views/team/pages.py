"""Which of the team's pages is shown."""

from kiosk.session import Session
from kiosk.team import Team, TeamPage
from kiosk.views.scene import Scene
from kiosk.views.sheet import Sheet
from kiosk.views.team.badges import names, waiting_for_a_badge
from kiosk.views.team.lessons import lesson_ends, lesson_machines, opened
from kiosk.views.team.menu import menu
from kiosk.views.team.panel import Panel, Table
from kiosk.views.team.plan import Plan, plan
from kiosk.views.team.record import (
    RecordPage,
    faults_page,
    lock_page,
    record_page,
    runs_page,
    service_page,
    unlock_page,
)
from kiosk.views.team.results import result_page

TeamView = Panel | Table | Plan | RecordPage | Sheet


def team_view(session: Session, team: Team, scene: Scene) -> TeamView:
    """The page that fits where somebody of the team stands."""
    match team.page:
        case TeamPage.RECORD:
            return record_page(team, scene)
        case TeamPage.RUNS:
            return runs_page(team, scene)
        case TeamPage.FAULTS:
            return faults_page(session, team, scene)
        case TeamPage.LOCK:
            return lock_page(team, scene)
        case TeamPage.UNLOCK:
            return unlock_page(team, scene)
        case TeamPage.SERVICE:
            return service_page(team, scene)
        case TeamPage.PLAN:
            return plan(scene)
        case TeamPage.NAMES:
            return names(session, team, scene)
        case TeamPage.LEND | TeamPage.ENROL:
            return waiting_for_a_badge(team, scene)
        case TeamPage.LESSON:
            return lesson_machines(session, team, scene)
        case TeamPage.ENDS:
            return lesson_ends(session, team, scene)
        case TeamPage.OPENED:
            return opened(team, scene)
        case TeamPage.RESULT:
            return result_page(session, team, scene)
    return menu(session, scene)
