"""`lisiere kiosk --data DIR`: the screen, its badge reader, and its links to the units."""

import argparse
import gc
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from access.people import Badge
from controller.config import TWIN_AUTHORITY, Config, ConfigError, load
from server_sync.client import HttpTransport, TwinRefused, TwinUnreachable
from server_sync.identity import (
    Counter,
    IdentityError,
    PrivateKey,
    PublicKey,
    RequestSigner,
    RequestVerifier,
    badge_tag,
)

if TYPE_CHECKING:
    from hardware.badge_reader.reading import Reading
    from hardware.badge_reader.supervisor import ReaderProcess
    from kiosk.directory import TwinDirectory

NOBODY = ""
"""The tag of a badge that was refused: it is no member's."""
LEFT_LYING_S = 20.0
"""A card that was just written lies on the reader so long at the most before it is a badge that is shown."""
SITE = "Lisière"
"""What the screen calls the workshop until the twin has told its name."""


def command(arguments: list[str]) -> int:
    """Run the kiosk until it is told to end; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere kiosk",
        description="Run the touch kiosk. Without a display it renders off screen.",
        epilog="example: lisiere kiosk --data /var/lib/lisiere/kiosk-1",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the kiosk's folder")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="the window, in pixels")
    parser.add_argument("--demo", action="store_true", help="the fixed story, for --screenshot")
    parser.add_argument("--screenshot", type=Path, metavar="DIR", help="with --demo: pictures of every screen")
    parser.add_argument("--lang", default="fr", metavar="LANG", help="of the pictures: fr, de, en, gsw_FR, tr, ar")
    parser.add_argument(
        "--buttons", type=_pins, metavar="PIN,PIN", help="two buttons for the spoken mode: the next thing, this one"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if options.demo and options.screenshot:
        return _pictures(options.screenshot, options.size, options.lang)
    if options.data is None:
        parser.error("--data DIR is needed")
    try:
        _run(load(options.data), options.data, _size(options.size), options.buttons)
    except (ConfigError, IdentityError, TwinUnreachable, TwinRefused, OSError, ValueError) as error:
        print(f"lisiere kiosk: {error}", file=sys.stderr)
        return 1
    return 0


def _size(text: str) -> tuple[int, int]:
    width, by, height = text.partition("x")
    if not (by and width.isdigit() and height.isdigit()):
        raise ValueError(f"--size {text}: write it like 1280x800")
    return int(width), int(height)


def _pins(text: str) -> tuple[int, int]:
    one, comma, other = text.partition(",")
    if not (comma and one.isdigit() and other.isdigit()):
        raise argparse.ArgumentTypeError(f"{text}: write it like 5,6")
    return int(one), int(other)


def _pictures(folder: Path, size: str, language: str) -> int:
    from kiosk.pictures import take

    for path in take(folder, _size(size), language):
        print(path)
    return 0


def _run(config: Config, folder: Path, size: tuple[int, int], pins: tuple[int, int] | None) -> None:
    """Put the kiosk together, and let its window own this thread."""
    gc.disable()  # until the first screen stands, which enables it: a start makes much, and drops nothing
    os.environ["KCFG_GRAPHICS_WIDTH"], os.environ["KCFG_GRAPHICS_HEIGHT"] = map(str, size)
    from kiosk.app import KioskApp
    from kiosk.directory import TwinDirectory
    from kiosk.environment import dots_per_inch
    from kiosk.twin_office import TwinOffice
    from kiosk.voice import SpokenVoice
    from lisiere.kiosk.writer import CardWriter

    os.environ.setdefault("KIVY_DPI", str(dots_per_inch(size)))
    key = PrivateKey.load_or_make(folder / "unit.key")
    counter = Counter(folder / "counter")
    signer = RequestSigner(config.unit, key, "twin", counter)
    transport = HttpTransport(config.twin, signer, folder / TWIN_AUTHORITY)
    directory = TwinDirectory(config.unit, transport, PublicKey(config.twin_key), folder / "copy.sealed", SITE)
    if not directory.units():
        directory.refresh()
    links = {unit.machine: _courier(config, unit, key, counter) for unit in directory.units()}
    reader = TagReader(config, directory)
    asking = HttpTransport(
        config.twin, RequestSigner(config.unit, key, "twin", counter), folder / TWIN_AUTHORITY
    )
    office = TwinOffice(asking, reader.number_of)
    writer = CardWriter(config.reader, Path(config.desk), reader) if config.desk else None
    world = (links, directory, reader)
    app = KioskApp(*world, voice=SpokenVoice(), buttons=_buttons(pins), office=office, writer=writer)
    directory.start()
    _end_on_signals(app.end)
    if config.simulated.bench:
        HandLine(folder / config.simulated.bench)
    app.run()
    directory.close()


def _buttons(pins: tuple[int, int] | None) -> Any:
    if pins is None:
        return None
    from hardware.buttons import GpioButtons

    return GpioButtons(*pins)


def _courier(config: Config, unit: Any, key: PrivateKey, counter: Callable[[], int]) -> Any:
    """The way to one unit."""
    from controller.link import UnitLink
    from kiosk.courier import Courier

    signer = RequestSigner(config.unit, key, unit.id, counter)
    verifier = RequestVerifier("kiosk", lambda id: PublicKey(unit.key) if id == unit.id else None)
    return Courier(UnitLink(unit.machine, (unit.host, unit.port), signer, verifier))


def _end_on_signals(end: Callable[[], None]) -> None:
    def ended(number: int, frame: FrameType | None) -> None:
        end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)


class TagReader:
    """A `kiosk.ports.Reader`: the reader's process, and the keyed tags of what it reads.

    A card is checked with its kiosk key. What fails, or falls short of what the badge can prove, is nobody's. The
    number of the badge that was read last is kept, in memory only, for whoever lends it.
    """

    def __init__(self, config: Config, directory: "TwinDirectory") -> None:
        self._tag_key = bytes.fromhex(config.tag_key)
        self._path = config.reader
        self._directory = directory
        self._closed = False
        self._last = ("", "")
        self._left_lying = ("", 0.0)
        self._reader = self._made()

    def start(self, on_badge: Callable[[str], None], on_lost: Callable[[bool], None]) -> None:
        """See `kiosk.ports.Reader`."""
        self._on_badge, self._on_lost = on_badge, on_lost
        self._reader.start(self._read, on_lost)

    def close(self) -> None:
        """See `kiosk.ports.Reader`."""
        self._closed = True
        self._reader.close()

    def pause(self) -> None:
        """See `lisiere.kiosk.writer.Lender`."""
        self._reader.close()

    def resume(self, but: str = "") -> None:
        """See `lisiere.kiosk.writer.Lender`."""
        if self._closed:
            return
        self._left_lying = but, time.monotonic() + LEFT_LYING_S
        self._reader = self._made()
        self._reader.start(self._read, self._on_lost)

    def number_of(self, tag: str) -> str | None:
        """The number of the badge with this tag, if it is the one that was read last."""
        last, number = self._last
        return number if tag and tag == last else None

    def _made(self) -> "ReaderProcess":
        from hardware.badge_reader.keys import KIOSK_KEY
        from hardware.badge_reader.supervisor import ReaderProcess, command_for
        from lisiere.badge.keys import KeysByTag

        keys = KeysByTag(self._tag_key, self._badge_of, KIOSK_KEY)
        return ReaderProcess(command_for(self._path), keys)

    def _read(self, reading: "Reading") -> None:
        number, until = self._left_lying
        if number and reading.uid == number and time.monotonic() < until:
            return
        tag = self._tag(reading)
        self._last = tag, reading.uid
        self._on_badge(tag)

    def _tag(self, reading: "Reading") -> str:
        if not reading.uid or reading.made_up:
            return NOBODY
        tag = badge_tag(reading.uid, self._tag_key)
        badge = self._badge_of(tag) or Badge(tag)
        return tag if reading.worth.reaches(badge.strength) else NOBODY

    def _badge_of(self, tag: str) -> Badge | None:
        owner = self._directory.site().owner(tag)
        return None if owner is None else owner[1]


class HandLine:
    """The demo's socket: touches the screen (`{"machine": id}`, `{"offer": n}`), and says whether it could."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        Thread(target=self._listen, name="hand", daemon=True).start()

    def _listen(self) -> None:
        from kiosk import hand

        self._say(ready=True)
        with self._socket.makefile("r") as lines, suppress(OSError):
            for line in lines:
                words = json.loads(line)
                if "machine" in words:
                    hand.touch_machine(words["machine"], lambda done: self._say(touched=done))
                if "offer" in words:
                    hand.touch_offer(words["offer"], lambda done: self._say(touched=done))

    def _say(self, **words: Any) -> None:
        with suppress(OSError):
            self._socket.sendall(json.dumps(words).encode() + b"\n")
