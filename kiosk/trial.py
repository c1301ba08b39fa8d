"""A kiosk on trial, for `lisiere bench`: it says in JSON lines what is then measured from outside.

python -m kiosk.trial story   the fixed afternoon on a window, its time going on: the key to touch next, and where
python -m kiosk.trial bare    a window that is a key and nothing else: the least that any kiosk could need
python -m kiosk.trial day 24  so many simulated hours of visitors, one every ten minutes: the memory after each
"""

import json
import sys
import time
from datetime import datetime, timedelta

from kivy.app import App
from kivy.clock import Clock as Frames
from kivy.core.window import Window
from kivy.lang import Builder
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.button import Button
from kivy.uix.widget import Widget

from kiosk import environment
from kiosk.app import KioskApp
from kiosk.deeds import Back, Take
from kiosk.keys import ChoiceKey, Key
from kiosk.stage import Stage
from kiosk.story import START, Story
from kiosk.tiles import TileCard
from kiosk.waking import wake_on_touch

MACHINE = "familiale"
"""A machine that everybody may use, and nobody has."""
SIZE = (1280, 800)
PULSE_S = 1.0
VISIT_S = 600
VISITORS = ("tag-zoé", "tag-selin", "tag-nour", "tag-ana")
"""In French, in Turkish, in Arabic from right to left, in French again."""


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def _where(widget: Widget) -> list[int]:
    """The widget's rectangle on the screen, from the top left: x, y, width, height in pixels."""
    left, bottom = widget.to_window(widget.x, widget.y)
    return [round(n) for n in (left, Window.height - bottom - widget.height, widget.width, widget.height)]


class GoingClock:
    """The story's time, going on."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        """See `kiosk.ports.Clock`."""
        return START + timedelta(seconds=time.monotonic() - self._began)

    def monotonic(self) -> float:
        """See `kiosk.ports.Clock`."""
        return time.monotonic()


def story() -> None:
    """Run the afternoon until the process is ended, and tell of each screen once it stands."""
    played = Story()
    app = KioskApp(played.units, played, played.reader, GoingClock(), draw=played.draw)
    told: list[str] = []

    def tell(_: float) -> None:
        found = _key(app)
        screen = str(app.root.current)
        if found is not None and screen not in told:
            told[:] = [screen]
            _say(screen=screen, key=_where(found))

    def pulse(_: float) -> None:
        for unit in played.units.values():
            unit.pulse()

    Frames.schedule_interval(tell, 0.1)
    Frames.schedule_interval(pulse, PULSE_S)
    app.run()


def _key(app: KioskApp) -> Key | None:
    """The key to touch next: on the board a machine, elsewhere the one that leads back."""
    shown = app.root.current_screen.walk(restrict=True)
    return next((widget for widget in shown if _wanted(widget) and not widget.disabled), None)


def _wanted(widget: Widget) -> bool:
    if isinstance(widget, TileCard):
        return bool(widget.tile.machine == MACHINE)
    return isinstance(widget, ChoiceKey) and isinstance(widget.choice.deed, Back)


class Bare(App):
    """Two screens that are a key each."""

    def build(self) -> Widget:
        """The window's only child."""
        environment.one_input()
        self._box = BoxLayout()
        self._turn("board")
        return self._box

    def _turn(self, screen: str) -> None:
        key = Button(text=screen, background_normal="", background_color=(0.2, 0.4, 0.6, 1))
        if screen != "board":
            key.background_color = (0.6, 0.4, 0.2, 1)
        key.bind(on_release=lambda _: self._turn("sheet" if screen == "board" else "board"))
        self._box.clear_widgets()
        self._box.add_widget(key)
        Frames.schedule_once(lambda _: _say(screen=screen, key=_where(key)), 0.2)


def bare() -> None:
    """Run a window with nothing that a kiosk needs; a touch ends its sleep too."""
    wake_on_touch()
    Bare().run()


def day(hours: int) -> None:
    """Live through so many hours, each visitor badging, booking and finishing; tell the memory after each hour."""
    played = Story()
    app = KioskApp(played.units, played, played.reader, played.clock, draw=played.draw)
    stage = Stage(app, SIZE)
    free = played.units[MACHINE].state.bookings
    for visit in range(hours * 3600 // VISIT_S):
        played.clock.wall = START
        played.units[MACHINE].change(bookings=free)
        _visit(stage, played, VISITORS[visit % len(VISITORS)])
        if (visit + 1) % (3600 // VISIT_S) == 0:
            _say(hour=(visit + 1) * VISIT_S // 3600, rss_mb=_rss_mb())
    stage.close()


def _visit(stage: Stage, played: Story, badge: str) -> None:
    """Two touches and a badge, and the run ends by itself; each screen is drawn."""
    for wanted in (_wanted, _offers):
        played.pass_time(1)
        shown = stage.app.root.current_screen.walk(restrict=True)
        stage.touch(next(widget for widget in shown if wanted(widget) and not widget.disabled))
        _draw()
    played.reader.show(badge)
    stage.settle()
    _draw()
    played.units[MACHINE].stop()
    played.pass_time(VISIT_S - 2)
    stage.settle()
    _draw()


def _draw() -> None:
    """Have the window really drawn and shown, which a stage spares itself."""
    Builder.sync()
    Window.clear()
    Window.render_context.draw()
    Window.flip()


def _offers(widget: Widget) -> bool:
    return isinstance(widget, ChoiceKey) and isinstance(widget.choice.deed, Take)


def _rss_mb() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 1e6


def main(what: str, hours: str = "24") -> None:
    """Run one of them."""
    match what:
        case "story":
            story()
        case "bare":
            bare()
        case "day":
            day(int(hours))


if __name__ == "__main__":
    main(*sys.argv[1:])
