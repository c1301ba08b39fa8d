"""The kiosk's window: it turns the desk once a frame, shows what the desk says, and hardens itself.

Keys lead nowhere: no settings on F1, no end on Escape, none on closing the window. Its service ends it.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kivy.app import App
from kivy.clock import Clock as Frames
from kivy.core.window import Window
from kivy.metrics import Metrics, mm
from kivy.uix.screenmanager import NoTransition, ScreenManager

from kiosk.board import BoardScreen
from kiosk.desk import Desk, draw_id
from kiosk.durations import DurationsScreen
from kiosk.environment import dots_per_inch, one_input
from kiosk.member import MemberScreen
from kiosk.ports import Clock, Directory, Link, Reader
from kiosk.status import Board, MemberPage, View
from kiosk.theme import LINEN
from kiosk.words import Say

BOUNCE_S = 0.15
BOUNCE_MM = 5.0
"""A second touch this soon and this near is the first one bouncing."""

_log = logging.getLogger(__name__)


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever rise."""
        return time.monotonic()


class Face(ScreenManager):
    """The three screens, without a transition: what was touched is there at once."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        super().__init__(transition=NoTransition())
        self._desk = desk
        self._clock = clock
        self._last = (-1.0, 0.0, 0.0)
        for name, kind in (("board", BoardScreen), ("member", MemberScreen), ("durations", DurationsScreen)):
            kind.desk = desk
            self.add_widget(kind(name=name))

    def show(self, view: View) -> None:
        """Show a view on the screen that is made for it."""
        name = "board" if isinstance(view, Board) else "member" if isinstance(view, MemberPage) else "durations"
        former = self.current_screen
        self.get_screen(name).show(view)
        self.current = name
        if former is not self.current_screen:
            former.leave()

    def on_touch_down(self, touch: "object") -> bool:
        """Somebody is there. A bounce is no second touch."""
        self._desk.touch()
        if self._bounces(touch.x, touch.y):  # type: ignore[attr-defined]  # kivy's touch has no type
            return True
        return bool(super().on_touch_down(touch))

    def _bounces(self, x: float, y: float) -> bool:
        at, last_x, last_y = self._last
        now = self._clock.monotonic()
        self._last = now, x, y
        near = abs(x - last_x) < mm(BOUNCE_MM) and abs(y - last_y) < mm(BOUNCE_MM)
        return near and 0 <= now - at < BOUNCE_S


class KioskApp(App):
    """The kiosk. Everything it needs of the world is handed in; see `kiosk.ports`."""

    use_kivy_settings = False

    def __init__(
        self,
        links: Mapping[str, Link],
        directory: Directory,
        reader: Reader,
        clock: Clock | None = None,
        say: Say | None = None,
        draw: Callable[[], str] = draw_id,
    ) -> None:
        super().__init__()
        one_input()
        self._clock = clock or SystemClock()
        self.desk = Desk(links, directory, reader, self._clock, say, draw)
        self._shown: View | None = None

    def build(self) -> Face:
        """The window's only child."""
        Window.clearcolor = (*LINEN, 1)
        Metrics.dpi = dots_per_inch((round(Window.width), round(Window.height)))
        return Face(self.desk, self._clock)

    def on_start(self) -> None:
        """Begin to listen, and to turn."""
        Window.bind(on_keyboard=_nowhere, on_request_close=_nowhere)
        self.desk.start()
        self.turn()
        Frames.schedule_interval(self.turn, 0)

    def on_stop(self) -> None:
        """Leave nothing running."""
        Frames.unschedule(self.turn)
        Window.unbind(on_keyboard=_nowhere, on_request_close=_nowhere)
        self.desk.close()

    def turn(self, _: float = 0) -> None:
        """One frame: show what is new."""
        view = self.desk.turn()
        if view is not self._shown and view != self._shown:
            self._shown = view
            self.root.show(view)

    def end(self) -> None:
        """Let the window end after this frame; from a signal handler too."""
        Frames.schedule_once(lambda _: self.stop(), 0)

    def open_settings(self, *_: object) -> bool:
        """There is nothing to set here."""
        return False


def _nowhere(*_: object, **__: object) -> bool:
    """Say that a key has been dealt with."""
    return True
