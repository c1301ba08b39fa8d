"""A picture of every screen, out of the fixed story: for the manual, for reviews, and for eyes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from access.vocabulary import Fault, Reason
from kiosk.app import KioskApp
from kiosk.stage import Stage
from kiosk.story import Story

Scene = tuple[str, str, Callable[[Story, KioskApp], None]]


def take(folder: Path, size: tuple[int, int] = (1280, 800)) -> list[Path]:
    """Draw every screen into a folder, with an `index.json` that says which is which; the files, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    index, files = [], []
    for number, (name, title, act) in enumerate(scenes(), 1):
        path = folder / f"{number:02}-{name}.png"
        take_one(act, size, path)
        index.append({"file": path.name, "screen": name.split("-")[0], "title": title, "size": list(size)})
        files.append(path)
    (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n")
    return files


def take_one(act: Callable[[Story, KioskApp], None], size: tuple[int, int], path: Path) -> None:
    """Draw one screen, at the end of an act."""
    story = Story()
    app = KioskApp(story.units, story, story.reader, story.clock, draw=story.draw)
    stage = Stage(app, size)
    try:
        act(story, app)
        stage.settle()
        stage.save(path)
    finally:
        stage.close()


def scenes() -> Iterator[Scene]:
    """A name, a title and an act for each picture; the name begins with its screen's."""
    yield "board", "Le tableau : toutes les machines", lambda story, app: None
    yield "board-refused", "Un badge refusé à une machine, dit sur sa tuile", _refused
    yield "board-silent", "Une machine ne répond pas, une autre est arrêtée", _silent
    yield "board-unknown-badge", "Un badge que personne ne connaît", _badge("tag-nobody")
    yield "member", "Zoé a posé son badge", _badge("tag-zoé")
    yield "member-expired", "L'adhésion de Léo est finie", _badge("tag-léo")
    yield "durations", "Badge d'abord : les heures de fin", _badge("tag-zoé", "surjeteuse-1")
    yield "durations-machine-first", "Machine d'abord", _badge("", "piqueuse-1")
    yield "durations-badge-now", "Machine, heure, et enfin le badge", _badge("", "piqueuse-1", 60)
    yield "durations-untrained", "Il manque une habilitation", _badge("tag-zoé", "brodeuse-1")
    yield "durations-busy", "La machine est prise", _badge("tag-zoé", "piqueuse-2")
    yield "durations-asking", "On demande à la machine", _slow
    yield "durations-on", "C'est parti", _badge("tag-zoé", "surjeteuse-1", 60)
    yield "durations-hazardous", "Badgez à la machine", _badge("tag-zoé", "presse-1", 30)
    yield "durations-refused", "Refusé par la machine", _taken
    yield "durations-unreachable", "La machine n'a pas répondu", _deaf


def _badge(tag: str, machine: str = "", minutes: float = 0) -> Callable[[Story, KioskApp], None]:
    def act(story: Story, app: KioskApp) -> None:
        if tag:
            story.reader.show(tag)
        app.turn()
        if machine:
            app.desk.touch_machine(machine)
        if minutes:
            app.desk.touch_minutes(minutes)

    return act


def _refused(story: Story, app: KioskApp) -> None:
    story.units["piqueuse-3"].refuse_tap(Reason.NO_BOOKING)
    story.units["brodeuse-1"].refuse_tap(Reason.NOT_QUALIFIED)


def _silent(story: Story, app: KioskApp) -> None:
    story.units["familiale"].deaf = True
    story.units["presse-1"].change(faults=frozenset({Fault.ESTOP}))
    story.pass_time(5)


def _slow(story: Story, app: KioskApp) -> None:
    story.units["recouvreuse"].slow = True
    _badge("tag-zoé", "recouvreuse", 60)(story, app)


def _taken(story: Story, app: KioskApp) -> None:
    """Somebody tapped at the machine while Zoé was choosing."""
    _slow(story, app)
    app.turn()
    unit = story.units["recouvreuse"]
    unit.change(bookings=(*story.units["surjeteuse-2"].state.bookings, *unit.state.bookings))
    unit.catch_up()


def _deaf(story: Story, app: KioskApp) -> None:
    story.units["piqueuse-1"].deaf = True
    _badge("tag-zoé", "piqueuse-1", 60)(story, app)
