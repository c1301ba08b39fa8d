"""A hand that is nobody's: touches a running kiosk as a finger would, for `lisiere demo`."""

from collections.abc import Callable

from kivy.app import App
from kivy.base import EventLoop
from kivy.clock import Clock as Frames
from kivy.core.window import Window
from kivy.uix.widget import Widget

from kiosk.deeds import Take
from kiosk.keys import ChoiceKey
from kiosk.stage import Finger
from kiosk.tiles import TileCard

PRESS_S = 0.2
"""How long a finger stays down: longer than a bounce lasts, should the next touch fall on the same place."""


def touch_machine(machine: str, done: Callable[[bool], None]) -> None:
    """Touch a machine's tile; `done` hears whether there was one to touch."""
    _touch(lambda widget: isinstance(widget, TileCard) and widget.tile.machine == machine, done)


def touch_offer(place: int, done: Callable[[bool], None]) -> None:
    """Touch the `place`-th end time that is offered, counted from 0."""
    seen = iter(range(100))
    _touch(lambda widget: _offers(widget) and next(seen) == place, done)


def _offers(widget: Widget) -> bool:
    return isinstance(widget, ChoiceKey) and isinstance(widget.choice.deed, Take)


def _touch(wanted: Callable[[Widget], bool], done: Callable[[bool], None]) -> None:
    def press(_: float) -> None:
        shown = App.get_running_app().root.current_screen.walk(restrict=True)
        widget = next((w for w in shown if wanted(w) and not w.disabled), None)
        if widget is None:
            done(False)
            return
        x, y = widget.to_window(*widget.center)
        finger = Finger("hand", 1, (x / Window.width, y / Window.height), is_touch=True, type_id="touch")
        EventLoop.post_dispatch_input("begin", finger)
        Frames.schedule_once(lambda _: _lift(finger, done), PRESS_S)

    Frames.schedule_once(press, 0)


def _lift(finger: Finger, done: Callable[[bool], None]) -> None:
    EventLoop.post_dispatch_input("end", finger)
    done(True)
