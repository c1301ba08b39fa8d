"""All that is on the window: one of the screens, and over it the warning that nobody seems to be there."""

from pathlib import Path
from types import MappingProxyType

from kivy.core.window import Window
from kivy.input import MotionEvent
from kivy.lang import Builder
from kivy.metrics import mm
from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.screenmanager import NoTransition, Screen, ScreenManager

from kiosk import colours, direction
from kiosk.board import BoardScreen
from kiosk.comfort import ComfortScreen
from kiosk.desk import Desk
from kiosk.languages import LANGUAGES
from kiosk.member import MemberScreen
from kiosk.panel import PanelScreen
from kiosk.plan import PlanScreen
from kiosk.ports import Clock
from kiosk.record import RecordScreen
from kiosk.sheet import SheetScreen
from kiosk.table import TableScreen
from kiosk.views import Shown, View
from kiosk.views.board import Board
from kiosk.views.comfort import Comfort
from kiosk.views.member import MemberPage
from kiosk.views.team.panel import Panel, Table
from kiosk.views.team.plan import Plan
from kiosk.views.team.record import RecordPage

BOUNCE_S = 0.15
BOUNCE_MM = 5.0
"""A second touch this soon and this near is the first one bouncing."""


SCREENS: MappingProxyType[str, type[Screen]] = MappingProxyType(
    {
        "board": BoardScreen,
        "member": MemberScreen,
        "sheet": SheetScreen,
        "comfort": ComfortScreen,
        "panel": PanelScreen,
        "table": TableScreen,
        "plan": PlanScreen,
        "record": RecordScreen,
    }
)
NEXT = ("sheet", "member")
"""Where everybody goes from the board."""


class Warned(FloatLayout):
    """Is anybody there? It takes the next touch, wherever that falls. Its keys act when the finger comes."""

    words = StringProperty("")
    choices = ObjectProperty(())
    desk = ObjectProperty(None)

    def take(self, touch: MotionEvent) -> None:
        """Do what the touch asks for, if it fell on a key."""
        for key in self.ids.bar.children:
            if key.collide_point(*touch.pos):
                self.desk.do(key.deed)


class Face(FloatLayout):
    """The window's only child."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        super().__init__()
        self._desk = desk
        self._clock = clock
        for kind in SCREENS.values():
            kind.desk = desk
        self._last = (-1.0, 0.0, 0.0)
        self._drawn = (False, False, "")
        self._draw()

    @property
    def current(self) -> str:
        """The name of the screen that is shown."""
        return str(self._screens.current)

    @property
    def current_screen(self) -> Screen:
        """The screen that is shown."""
        return self._screens.current_screen

    def show(self, shown: Shown) -> None:
        """Show a view on the screen that is made for it. Another direction or contrast is drawn afresh."""
        drawn = LANGUAGES[shown.language].right_to_left, shown.contrast, shown.colour
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw()
        name = _screen(shown.view)
        former = self.current_screen
        self._have(name).show(shown.view)
        self._screens.current = name
        if former is not self.current_screen:
            former.leave()
        self._warned.words, self._warned.choices = shown.warning, shown.keys

    def _draw(self) -> None:
        """Make every widget anew, without a transition: what was touched is there at once."""
        leftwards, contrast, colour = self._drawn
        direction.use(leftwards)
        colours.use(colours.NIGHT if contrast else colours.linen(colour))
        Window.clearcolor = (*colours.now.paper, 1)
        self.clear_widgets()
        self._screens = ScreenManager(transition=NoTransition())
        self._have("board")
        self._warned = Warned(desk=self._desk)
        self.add_widget(self._screens)
        self.add_widget(self._warned)

    def _have(self, name: str) -> Screen:
        """The screen of this name, made when it is wanted first: few ever see the team's."""
        if not self._screens.has_screen(name):
            self._screens.add_widget(SCREENS[name](name=name))
        return self._screens.get_screen(name)

    def prepare(self) -> bool:
        """Make one of the screens that members will want next; False when all are there."""
        missing = next((name for name in NEXT if not self._screens.has_screen(name)), None)
        if missing is not None:
            self._have(missing)
        return missing is not None

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Somebody is there. A bounce is no second touch, nor is one that only says so."""
        self._desk.touch()
        if self._bounces(touch.x, touch.y):
            return True
        if self._warned.words:
            self._warned.take(touch)
            return True
        return bool(super().on_touch_down(touch))

    def _bounces(self, x: float, y: float) -> bool:
        at, last_x, last_y = self._last
        now = self._clock.monotonic()
        self._last = now, x, y
        near = abs(x - last_x) < mm(BOUNCE_MM) and abs(y - last_y) < mm(BOUNCE_MM)
        return near and 0 <= now - at < BOUNCE_S


def _screen(view: View) -> str:
    """The name of the screen that is made for a view."""
    match view:
        case Board():
            return "board"
        case MemberPage():
            return "member"
        case Comfort():
            return "comfort"
        case Panel():
            return "panel"
        case Table():
            return "table"
        case Plan():
            return "plan"
        case RecordPage():
            return "record"
    return "sheet"


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
