"""A machine as everybody sees it: its state as a word, a colour and a shape, and until when."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from access.bookings import next_start
from access.vocabulary import BLOCKING_FAULTS, Fault, Refusal
from controller.link import UnitState
from kiosk.deeds import Pick
from kiosk.ports import Post
from kiosk.views.preview import anybody, barrier
from kiosk.views.scene import Scene
from kiosk.views.why import why_tapped
from kiosk.words import what_and_do


class Look(StrEnum):
    """How a machine looks from across the room. Each has a word, a colour and a shape of its own."""

    FREE = "free"
    RESERVED = "reserved"
    STARTING = "starting"
    BUSY = "busy"
    YOURS = "yours"
    LOCKED = "locked"
    FAULT = "fault"
    ESTOP = "estop"
    SILENT = "silent"
    CLOSED = "closed"
    WAITING = "waiting"


OUT_OF_ORDER = frozenset({Look.FAULT, Look.ESTOP})
"""Such a machine starts for nobody. Its unit gives hours of it all the same: the screen offers none."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A machine on the board. `told`: `what` and `do` are to be read now, instead of the state's word."""

    machine: str
    name: str
    look: Look
    word: str
    line: str = ""
    what: str = ""
    do: str = ""
    told: bool = False
    barred: bool = False

    @property
    def deed(self) -> Pick:
        """What touching it does."""
        return Pick(self.machine)

    @property
    def wordy(self) -> bool:
        """There is more to read than a state: the words get the room."""
        return self.told or bool(self.what and self.small)

    @property
    def big(self) -> str:
        """What is to be read first."""
        return self.what if self.told else self.word

    @property
    def small(self) -> str:
        """What is to be read next."""
        if self.told or not self.what:
            return self.do if self.told else self.line
        return self.what if self.look is Look.FREE else self.do


def tile(post: Post, scene: Scene) -> Tile:
    """A machine as it stands for everybody, with the refusal of its last tap while that is fresh."""
    look, line = _look(post, scene)
    what, do = _matter(post, look, scene)
    shown = Tile(post.machine.id, post.name, look, scene.say(f"look.{look}"), line, what, do)
    tap = scene.fresh_refusal(post.machine.id)
    if tap is not None and look is not Look.SILENT:
        what, do = why_tapped(tap, post, scene)
        return replace(shown, what=what, do=do, told=True)
    return shown


def _look(post: Post, scene: Scene) -> tuple[Look, str]:
    """How a machine looks, and until when."""
    state = scene.state(post.machine.id)
    if scene.silent(post.machine.id):
        return Look.SILENT, ""
    if state is None:
        return Look.WAITING, ""
    broken = _broken(state)
    if broken is not None:
        return broken, ""
    if state.phase == "starting":
        return Look.STARTING, ""
    if state.phase != "idle":
        return Look.BUSY, scene.until(state.until)
    return _look_when_idle(post, state, scene)


def _broken(state: UnitState) -> Look | None:
    if Fault.ESTOP in state.faults:
        return Look.ESTOP
    if state.faults & (BLOCKING_FAULTS | {Fault.JOURNAL, Fault.CLOCK}) or not state.clock_trusted:
        return Look.FAULT
    return Look.LOCKED if state.locked else None


def _look_when_idle(post: Post, state: UnitState, scene: Scene) -> tuple[Look, str]:
    """Free, if anybody could walk up now: the preview says it, and why not."""
    closes = scene.site.opening.closes_after(scene.now)
    if closes == scene.now:
        return Look.CLOSED, _opens(scene)
    current = next((b for b in state.bookings if b.blocks and b.covers(scene.now)), None)
    if current is not None:
        return Look.RESERVED, scene.until(current.end)
    coming = next_start(state.bookings, scene.now)
    if barrier(post, anybody(post.machine), scene) == (Refusal.TOO_SHORT,) and coming is not None:
        return Look.RESERVED, scene.say("from", at=scene.hour(coming))
    ends: list[datetime] = [end for end in (coming, closes) if end is not None and scene.today(end)]
    return Look.FREE, scene.until(min(ends, default=None))


def _opens(scene: Scene) -> str:
    opens = scene.site.opening.opens_after(scene.now)
    return scene.say("opens", at=scene.hour(opens)) if opens is not None else ""


def _matter(post: Post, look: Look, scene: Scene) -> tuple[str, str]:
    """What is wrong with a machine, and what to do about it; empty when nothing is."""
    state = scene.state(post.machine.id)
    if look is Look.SILENT:
        return scene.say("silent.what"), scene.say("silent.do")
    if look is Look.LOCKED:
        return what_and_do(scene.say, Refusal.MACHINE_LOCKED)
    if state is None or look in (Look.WAITING, Look.CLOSED):
        return "", ""
    faults = state.faults | (frozenset() if state.clock_trusted else {Fault.CLOCK})
    worst = next((fault for fault in Fault if fault in faults), None)
    return what_and_do(scene.say, worst) if worst is not None else ("", "")
