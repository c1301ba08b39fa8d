"""Has the frame loop wait for a finger, not only for the time of the next frame.

Kivy sleeps out its frame, then looks for a touch, and sleeps out another before it draws what came of it: up to
67 ms are lost at 30 frames a second. Here a touch ends the sleep, and is drawn in the frame that it begins.
"""

import ctypes
from collections.abc import Callable

from kivy.base import EventLoop
from kivy.clock import Clock as Frames
from kivy.core.window import Window
from kivy.input.providers.mouse import MouseMotionEventProvider

WAITS = b"x11"
"""The video driver of SDL that can wait; others look a thousand times a second, so Kivy's sleep is better there."""


def wake_on_touch() -> None:
    """Have a touch end the frame loop's sleep, from now on, where the window's driver can wait for one."""
    sdl = _sdl()
    if sdl is None:
        return

    def idle() -> float:
        left = Frames._last_tick + 1 / Frames._max_fps - Frames.time()
        if left > 0 and not _touched() and sdl(None, round(left * 1000)):
            Window.mainloop()
        now = float(Frames.time())
        Frames._dt, Frames._last_tick = now - Frames._last_tick, now
        return now

    Frames.idle = idle


def _touched() -> bool:
    """True when a touch was read already, and only waits to be told to the widgets."""
    mice = (provider for provider in EventLoop.input_providers if isinstance(provider, MouseMotionEventProvider))
    return any(mouse.waiting_event for mouse in mice)


def _sdl() -> Callable[[None, int], int] | None:
    """SDL's own way to wait so many milliseconds for an event, which it leaves where it is."""
    from kivy.core.window import _window_sdl2

    library = ctypes.CDLL(_window_sdl2.__file__)  # SDL came with it, and is found through it
    library.SDL_GetCurrentVideoDriver.restype = ctypes.c_char_p
    return library.SDL_WaitEventTimeout if library.SDL_GetCurrentVideoDriver() == WAITS else None
