"""Two plain pages that most of the team's are: choices, and a table."""

from dataclasses import dataclass

from kiosk.deeds import Back
from kiosk.views.comfort import comfort_key
from kiosk.views.result import Result
from kiosk.views.scene import Choice, Scene


@dataclass(frozen=True, slots=True)
class Panel:
    """Choices, or a result, or a badge to be laid down (`lay`). `small`: the choices are single letters."""

    title: str
    lead: str
    keys: tuple[Choice, ...]
    choices: tuple[Choice, ...] = ()
    foot: tuple[Choice, ...] = ()
    result: Result | None = None
    lay: str = ""
    small: bool = False
    more: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words under their heads; `shares`: how wide each column is. `empty`: what is said without rows."""

    title: str
    lead: str
    keys: tuple[Choice, ...]
    heads: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = ""
    foot: tuple[Choice, ...] = ()
    more: str = ""


def ways_out(scene: Scene) -> tuple[Choice, ...]:
    """One step back, and another language: on every page of the team."""
    return comfort_key(scene), Choice(Back(), scene.say("sheet.back"))
