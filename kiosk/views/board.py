"""The idle screen: every machine, for anybody who walks past."""

from dataclasses import dataclass

from kiosk.views.comfort import comfort_key
from kiosk.views.scene import Choice, Scene
from kiosk.views.tile import Tile, tile


@dataclass(frozen=True, slots=True)
class Board:
    """The idle screen. `notice`: what is the matter and what to do, for who has just badged."""

    title: str
    date: str
    hour: str
    invite: str
    tiles: tuple[Tile, ...]
    notice: tuple[str, str] | None = None
    helpers: str = ""
    more: str = ""
    keys: tuple[Choice, ...] = ()


def board(scene: Scene, notice: tuple[str, str] | None = None) -> Board:
    """All machines."""
    say = scene.say
    local = scene.local(scene.now)
    if scene.reader_lost and notice is None:
        notice = say("board.reader_lost.what"), say("board.reader_lost.do")
    day, month = say(f"day.{local.weekday()}"), say(f"month.{local.month}")
    return Board(
        scene.site.name,
        say("date", day=day, number=scene.number(local.day), month=month),
        scene.hour(scene.now),
        say("board.invite"),
        tuple(tile(post, scene) for post in scene.site.posts),
        notice,
        _helpers(scene),
        say("more"),
        (comfort_key(scene),),
    )


def _helpers(scene: Scene) -> str:
    """Who agreed to be shown, and helps today."""
    here = [h for h in scene.site.helpers if h.end > scene.now and scene.today(h.start)]
    if not here:
        return ""
    names = ", ".join(f"{h.name} ({h.skill})" if h.skill else h.name for h in here)
    return scene.say("board.helpers", names=names)
