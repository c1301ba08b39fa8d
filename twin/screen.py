"""What the site's kiosks show and ask, as the association has set it: one value, `screen`, which travels to them
with their copy. Whoever is named in it is named by member id, so that an erasure takes the name away here too."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, field_validator
from sqlalchemy import Connection, select

from access.facts import stamp
from twin import tables
from twin.shapes import PLAIN, Body, Moment, Name
from twin.store import put

Words = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")]

READABLE = 4.5
"""The contrast of writing on its ground that WCAG asks for, and that the kiosk's other colours have."""
_PAPER, _CARD = "f6f2ea", "ffffff"
"""What the association's colour is written on, and what is written on it: the kiosk's linen and its white."""


class Helper(Body):
    """A member who agreed to be shown as a help, from `start` to `end`; `skill` in the workshop's own words."""

    member: Name
    skill: Annotated[str, Field(max_length=80, pattern=PLAIN)] = ""
    start: Moment
    end: Moment


class Survey(Body):
    """One question after a run, and what may be answered."""

    question: Words
    answers: Annotated[list[Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]], Field(max_length=4)]

    @field_validator("answers")
    @classmethod
    def _some(cls, answers: list[str]) -> list[str]:
        if len(answers) < 2:
            raise ValueError("a question has two to four answers")
        return answers


class Colours(Body):
    """The association's own colour, six hex digits."""

    main: Annotated[str, Field(pattern=r"^#?[0-9A-Fa-f]{6}$")]

    @field_validator("main")
    @classmethod
    def _readable(cls, main: str) -> str:
        hexed = main.removeprefix("#").lower()
        worst = min(contrast(hexed, ground) for ground in (_PAPER, _CARD))
        if worst < READABLE:
            raise ValueError(f"too pale to be read: {worst:.1f} to 1 on the ground, {READABLE} is needed")
        return hexed


class Screen(Body):
    """The whole value. `trainings`: what each qualification is called here; `languages`: member id to language."""

    trainings: Annotated[dict[Name, Words], Field(max_length=100)] = {}
    languages: Annotated[dict[Name, Language], Field(max_length=5000)] = {}
    helpers: Annotated[list[Helper], Field(max_length=200)] = []
    survey: Survey | None = None
    colours: Colours | None = None


def load(conn: Connection) -> Screen:
    """The value as it was set last; empty until somebody did."""
    m = tables.meta.c
    kept = conn.execute(select(m.value).where(m.key == "screen")).scalar_one_or_none()
    return Screen() if kept is None else Screen(**json.loads(kept))


def plain(screen: Screen) -> dict[str, Any]:
    """The value as it is kept."""
    return screen.model_dump(mode="json")


def for_kiosk(conn: Connection, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The value as a kiosk gets it: helpers by the name they are called, without those whose hours are over."""
    screen = load(conn)
    told = plain(screen)
    told["helpers"] = [
        {"name": _called(names[h.member]), "skill": h.skill, "start": stamp(h.start), "end": stamp(h.end)}
        for h in screen.helpers
        if h.end > now and names.get(h.member)
    ]
    return told


def forget(conn: Connection, member: str) -> None:
    """Leave out whoever was erased."""
    screen = load(conn)
    kept = screen.model_copy(
        update={
            "helpers": [helper for helper in screen.helpers if helper.member != member],
            "languages": {id: language for id, language in screen.languages.items() if id != member},
        }
    )
    if kept != screen:
        put(conn, tables.meta, {"key": "screen"}, {"value": json.dumps(plain(kept), ensure_ascii=False)})


def contrast(one: str, other: str) -> float:
    """How well one colour can be read on another: WCAG's ratio, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(hexed: str) -> float:
    parts = (int(part, 16) / 255 for part in re.findall("..", hexed))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _called(name: str) -> str:
    """What somebody is called by: the first name."""
    return name.split(" ")[0]
