"""A kiosk whose frames are turned by hand: for pictures and for tests, which wait for nothing.

The window is the process's only one, so one stage at a time; `close` leaves it clean for the next.
"""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from kivy.base import EventLoop, runTouchApp, stopTouchApp
from kivy.clock import Clock as Frames
from kivy.core.window import Window
from kivy.graphics import ClearBuffers, ClearColor, Fbo
from kivy.input.motionevent import MotionEvent
from kivy.lang import Builder
from kivy.uix.widget import Widget

from kiosk import colours
from kiosk.app import KioskApp

_FRAME_S = 1 / 30


class Finger(MotionEvent):
    """One touch by nobody's hand."""

    def depack(self, args: tuple[float, float]) -> None:
        """Where it touches, as shares of the window."""
        self.sx, self.sy = args
        self.profile = ["pos"]
        super().depack(args)


class Stage:
    """A running kiosk of a given size in pixels, drawn at that screen's density."""

    _latest = 0.0
    """How far a former stage went: Kivy's clock stands still until its time has come again."""

    def __init__(self, app: KioskApp, size: tuple[int, int]) -> None:
        self.app = app
        self.size = size
        self._frames_s = max(Frames.time(), Stage._latest) + _FRAME_S
        self._fingers = 0
        self._kept = Frames.time, Frames._max_fps
        Frames._max_fps = 0
        Frames.time = lambda: self._frames_s
        EventLoop.ensure_window()
        Window.bind(on_draw=_not_now)
        Window.size = size
        app.root = app.build()
        runTouchApp(app.root, embedded=True)
        app.dispatch("on_start")
        self.settle()

    def settle(self, frames: int = 6) -> None:
        """Turn frames until everything has found its place."""
        for _ in range(frames):
            self._frames_s += _FRAME_S
            EventLoop.idle()

    def press(self, x: float, y: float) -> Finger:
        """Put a finger down."""
        self._fingers += 1
        where = (x / Window.width, y / Window.height)
        finger = Finger("stage", self._fingers, where, is_touch=True, type_id="touch")
        EventLoop.post_dispatch_input("begin", finger)
        self.settle(2)
        return finger

    def lift(self, finger: Finger) -> None:
        """Take a finger away."""
        EventLoop.post_dispatch_input("end", finger)
        self.settle()

    def touch(self, widget: Widget) -> None:
        """Touch the middle of a widget."""
        self.lift(self.press(*widget.to_window(*widget.center)))

    def key(self, code: int, modifiers: Sequence[str] = (), settle: bool = True) -> None:
        """Press and release a key of a keyboard that somebody has plugged in."""
        Window.dispatch("on_key_down", code, 0, "", list(modifiers))
        Window.dispatch("on_keyboard", code, 0, "", list(modifiers))
        Window.dispatch("on_key_up", code, 0)
        if settle:
            self.settle()

    def picture(self) -> bytes:
        """What is on the screen, as a PNG.

        Drawn anew into a buffer of its own: the window's may be black after a flip, and without a display it
        keeps the size that the process began with.
        """
        Builder.sync()
        buffer = Fbo(size=self.size)
        with buffer:
            ClearColor(*colours.now.paper, 1)
            ClearBuffers()
        buffer.add(self.app.root.canvas)
        buffer.draw()
        rgba = buffer.pixels
        buffer.remove(self.app.root.canvas)
        return png(rgba, *self.size)

    def save(self, path: Path) -> None:
        """Write what is on the screen to a file."""
        path.write_bytes(self.picture())

    def close(self) -> None:
        """Take everything down."""
        self.app.dispatch("on_stop")
        Window.remove_widget(self.app.root)
        stopTouchApp()
        Window.unbind(on_draw=_not_now)
        Frames.time, Frames._max_fps = self._kept
        Stage._latest = self._frames_s


def _not_now(_: object) -> bool:
    """Nobody looks at the window: only pictures are drawn."""
    return True


def png(rgba: bytes, width: int, height: int) -> bytes:
    """Rows of RGBA from the bottom up, as a PNG without transparency: the same pixels give the same bytes."""
    pixels = bytearray(width * height * 3)
    for part in range(3):
        pixels[part::3] = rgba[part::4]
    stride = width * 3
    rows = b"".join(b"\0" + pixels[y * stride : (y + 1) * stride] for y in reversed(range(height)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
