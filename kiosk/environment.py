"""What Kivy is told through the environment, before any module imports it: it reads most of it only then.

Whatever the environment says already wins, so that a service file can choose the video driver.
"""

import os
from types import MappingProxyType

SETTINGS = MappingProxyType(
    {
        "KIVY_NO_ARGS": "1",  # our arguments are ours
        "KIVY_NO_CONFIG": "1",  # a stale file in somebody's home must not win
        "KIVY_NO_FILELOG": "1",  # the journal of the system keeps the log; SD cards wear out
        "KIVY_LOG_MODE": "PYTHON",  # otherwise it takes over the root logger and stderr
        "KIVY_IMAGE": "sdl2",  # the others cost a start their import, and the kiosk draws its pictures itself
        "KCFG_GRAPHICS_MAXFPS": "30",  # half the idle cost of 60, and one frame later at the most
        "KCFG_GRAPHICS_SHOW_CURSOR": "0",
        "KCFG_GRAPHICS_ALLOW_SCREENSAVER": "0",
        "KCFG_GRAPHICS_MULTISAMPLES": "0",  # the same pixels on every machine
        "KCFG_GRAPHICS_RESIZABLE": "0",
        "KCFG_KIVY_EXIT_ON_ESCAPE": "0",
    }
)

SCREENS = MappingProxyType({(800, 480): 133, (1280, 800): 149, (720, 1280): 210})
"""Pixels an inch of the screens we know, by their size: Kivy cannot find out, and sizes here are in mm."""


def dots_per_inch(size: tuple[int, int]) -> int:
    """The density of a screen of this size; KIVY_DPI says it for a screen that we do not know."""
    return int(os.environ.get("KIVY_DPI") or SCREENS.get(size, 149))


def full_screen() -> None:
    """Have the window fill the screen. To be called before `kiosk.app` is imported, which opens it."""
    os.environ.setdefault("KCFG_GRAPHICS_FULLSCREEN", "auto")


def one_input() -> None:
    """Leave Kivy one way in: by default a touch arrives as a mouse and as a finger, and counts twice."""
    from kivy.config import Config

    for name, _ in Config.items("input"):
        Config.remove_option("input", name)
    Config.set("input", "mouse", "mouse,disable_multitouch,disable_hover")


def _set() -> None:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")


_set()
