"""The kiosk's window: it turns the desk once a frame, shows what the desk says, and hardens itself.

Keys lead nowhere: no settings on F1, no end on Escape, none on closing the window. Its service ends it.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kivy.app import App
from kivy.clock import Clock as Frames
from kivy.core.window import Window
from kivy.metrics import Metrics

from kiosk.desk import Desk, draw_id
from kiosk.environment import dots_per_inch, one_input
from kiosk.face import Face
from kiosk.languages import catalogue
from kiosk.ports import Buttons, Clock, Directory, Link, Office, Reader, Voice, Writer
from kiosk.session import EMPTY
from kiosk.spoken import Aloud
from kiosk.tidy import EVERY_S, settle, tidy
from kiosk.views import Shown
from kiosk.waking import wake_on_touch
from kiosk.words import Say

SETTLED_S = 0.5
"""How long after the start the first screen stands, and the next may be made."""


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever rise."""
        return time.monotonic()


class KioskApp(App):
    """The kiosk. Everything it needs of the world is handed in; see `kiosk.ports`."""

    use_kivy_settings = False

    def __init__(
        self,
        links: Mapping[str, Link],
        directory: Directory,
        reader: Reader,
        clock: Clock | None = None,
        say: Callable[[str], Say] = catalogue,
        draw: Callable[[], str] = draw_id,
        voice: Voice | None = None,
        buttons: Buttons | None = None,
        office: Office | None = None,
        writer: Writer | None = None,
    ) -> None:
        super().__init__()
        one_input()
        self._clock = clock or SystemClock()
        self.desk = Desk(links, directory, reader, self._clock, say, draw, office, writer)
        self._aloud = Aloud(self.desk, say, voice, buttons)
        self._shown: Shown | None = None
        self._tidy_at = self._clock.monotonic() + EVERY_S
        self._before_drawing = Frames.create_trigger(self.turn, -1)

    def run(self) -> None:
        """Own the window and this thread until the end."""
        wake_on_touch()
        Frames.schedule_once(self._settle, SETTLED_S)
        super().run()

    def build(self) -> Face:
        """The window's only child."""
        Metrics.dpi = dots_per_inch((round(Window.width), round(Window.height)))
        return Face(self.desk, self._clock)

    def on_start(self) -> None:
        """Begin to listen, and to turn."""
        Window.bind(on_keyboard=_nowhere, on_request_close=_nowhere)
        self.desk.start()
        self._aloud.start()
        self.turn()
        Frames.schedule_interval(self.turn, 0)
        Window.bind(on_touch_up=self._turn_soon)

    def on_stop(self) -> None:
        """Leave nothing running."""
        Frames.unschedule(self.turn)
        Window.unbind(on_keyboard=_nowhere, on_request_close=_nowhere, on_touch_up=self._turn_soon)
        self._aloud.close()
        self.desk.close()

    def turn(self, _: float = 0) -> None:
        """One frame: show what is new."""
        shown = self.desk.turn()
        if shown is not self._shown and shown != self._shown:
            self._shown = shown
            self.root.show(shown)
            self._aloud.show(shown)
        if self.desk.session == EMPTY and self._clock.monotonic() >= self._tidy_at:
            tidy()
            self._tidy_at = self._clock.monotonic() + EVERY_S

    def _settle(self, _: float) -> None:
        """While nobody waits for it: one of the next screens after the other, then all is there that stays."""
        if self.root.prepare():
            Frames.schedule_once(self._settle, 0)
        else:
            settle()

    def _turn_soon(self, *_: object) -> None:
        """What a lifted finger did is drawn in the very frame that took it."""
        self._before_drawing()

    def end(self) -> None:
        """Let the window end after this frame; from a signal handler too."""
        Frames.schedule_once(lambda _: self.stop(), 0)

    def open_settings(self, *_: object) -> bool:
        """There is nothing to set here."""
        return False


def _nowhere(*_: object, **__: object) -> bool:
    """Say that a key has been dealt with."""
    return True
