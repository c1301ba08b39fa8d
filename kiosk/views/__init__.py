"""From what the kiosk knows to what its screens show: pure, and without Kivy.

Nothing is decided here. What may be had is asked of `access.book`, the rules that the unit itself will apply,
as a preview; the unit's own answer is what counts.
"""

from dataclasses import dataclass

from kiosk.deeds import Page
from kiosk.session import Session
from kiosk.views.board import Board, board
from kiosk.views.comfort import Comfort, comfort
from kiosk.views.member import MemberPage, member_page
from kiosk.views.scene import Choice, Scene
from kiosk.views.sheet import Sheet, sheet
from kiosk.views.team.pages import TeamView, team_view

View = Board | MemberPage | Sheet | Comfort | TeamView


@dataclass(frozen=True, slots=True)
class Shown:
    """A view, and how it is to be drawn. `colour`: the association's own, or none; `warning`: the board comes back
    soon, unless somebody touches; `keys`: what else a touch may do then."""

    view: View
    language: str = "fr"
    contrast: bool = False
    spoken: bool = False
    warning: str = ""
    colour: str = ""
    keys: tuple[Choice, ...] = ()


def view(session: Session, scene: Scene) -> View:
    """The screen that fits where the person stands."""
    if session.page is Page.COMFORT:
        return comfort(session, scene)
    if session.team is not None:
        return team_view(session, session.team, scene)
    if session.machine is not None:
        return sheet(session, session.machine, scene)
    if session.person is not None:
        return member_page(session.person, scene)
    return board(scene, session.notice)
