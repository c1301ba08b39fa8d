"""A picture of every screen, out of the fixed story: for the manual, for reviews, and for eyes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from access.vocabulary import Fault, Reason
from kiosk.app import KioskApp
from kiosk.deeds import Contrast, Deed, GiveBack, Open, Page, Pick, Rate, Report, Speak, Stop, Take, Trouble
from kiosk.pictures_team import Act, Scene, badge, team_scenes
from kiosk.stage import Stage
from kiosk.story import Story


def take(folder: Path, size: tuple[int, int] = (1280, 800), language: str = "fr") -> list[Path]:
    """Draw every screen into a folder, with an `index.json` that says which is which; the files, in order.

    Pictures that are there in other languages or sizes stay, in the index too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index, files = [], []
    for number, scene in enumerate(scenes(), 1):
        path = folder / f"{number:02}-{scene.name}_{language}_{size[0]}x{size[1]}.png"
        take_one(scene.act, size, path, language)
        screen = scene.name.split("-")[0]
        index.append(
            {"file": path.name, "screen": screen, "title": scene.title, "lang": language, "size": list(size)}
        )
        files.append(path)
    _write_index(folder / "index.json", index)
    return files


def _write_index(path: Path, entries: Sequence[Mapping[str, object]]) -> None:
    mine = {entry["file"] for entry in entries}
    kept = [entry for entry in _read_index(path) if entry["file"] not in mine]
    ordered = sorted([*kept, *entries], key=lambda entry: str(entry["file"]))
    path.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n")


def _read_index(path: Path) -> list[Mapping[str, object]]:
    return list(json.loads(path.read_text())) if path.exists() else []


def take_one(act: Act, size: tuple[int, int], path: Path, language: str = "fr") -> None:
    """Draw one screen, at the end of an act."""
    story = Story()
    story.people_speak(language)
    app = story_app(story)
    stage = Stage(app, size)
    try:
        if language != "fr":
            app.desk.do(Speak(language))
        act(story, app)
        stage.settle()
        stage.save(path)
    finally:
        stage.close()


def story_app(story: Story) -> KioskApp:
    """The kiosk of a story."""
    world = (story.units, story, story.reader, story.clock)
    return KioskApp(*world, draw=story.draw, office=story.office, writer=story.writer)


def scenes() -> Iterator[Scene]:
    """Every screen, in the order of the story."""
    yield Scene("board", "Le tableau : toutes les machines", lambda story, app: None)
    yield Scene("board-refused", "Un badge refusé à une machine, dit sur sa tuile", _refused)
    yield Scene("board-silent", "Une machine ne répond pas, une autre est arrêtée", _silent)
    yield Scene("board-unknown-badge", "Un badge que personne ne connaît", badge("tag-nobody"))
    yield Scene("board-contrast", "Le tableau en contraste fort", badge("", Contrast()))
    yield Scene("comfort", "Langue et confort", badge("", Open(Page.COMFORT)))
    yield Scene("member", "Zoé a posé son badge", badge("tag-zoé"))
    yield Scene("member-own", "Ana a une machine en marche et une réservation", badge("tag-ana"))
    yield Scene("member-expired", "L'adhésion de Léo est finie", badge("tag-léo"))
    yield Scene("sheet", "Badge d'abord : les heures de fin", badge("tag-zoé", Pick("surjeteuse-1")))
    yield Scene("sheet-machine-first", "Machine d'abord", badge("", Pick("piqueuse-1")))
    yield Scene("sheet-badge-now", "Machine, heure, et enfin le badge", badge("", Pick("piqueuse-1"), Take(60)))
    yield Scene("sheet-contrast", "Les heures en contraste fort", badge("tag-zoé", Contrast(), Pick("piqueuse-1")))
    yield Scene("sheet-untrained", "Il manque une habilitation", badge("tag-zoé", Pick("brodeuse-1")))
    yield Scene("sheet-closed", "L'atelier est fermé : quand il rouvre", _closed)
    yield Scene("sheet-later", "La machine est prise : réserver ensuite", badge("tag-zoé", Pick("piqueuse-2")))
    yield Scene("sheet-own", "Ce qui est en marche : prolonger ou finir", badge("tag-ana", Pick("piqueuse-2")))
    yield Scene("sheet-coming", "Sa réservation à venir", badge("tag-zoé", Pick("piqueuse-3", "b4")))
    yield Scene("sheet-own-stopped", "Sa réservation, et la machine est arrêtée", _stopped)
    yield Scene("sheet-given-back", "Annulé, avec dix secondes pour changer d'avis", _given_back)
    yield Scene("sheet-asking", "On demande à la machine", _slow)
    yield Scene("sheet-on", "C'est parti", badge("tag-zoé", Pick("surjeteuse-1"), Take(60)))
    yield Scene("sheet-off", "Pas de courant en deux secondes : c'est annulé", _unpowered)
    yield Scene("sheet-hazardous", "Badgez à la machine", badge("tag-zoé", Pick("presse-1"), Take(30)))
    yield Scene("sheet-refused", "Refusé par la machine", _taken)
    yield Scene("sheet-unreachable", "La machine n'a pas répondu", _deaf)
    yield Scene("sheet-report", "Signaler un problème", badge("tag-zoé", Pick("familiale"), Open(Page.REPORT)))
    yield Scene("sheet-reported", "C'est signalé", _reported)
    yield Scene("sheet-faces", "Après la fin : trois visages", _finished())
    yield Scene("sheet-survey", "Une question de l'association", _finished(Rate(3)))
    yield Scene("sheet-idle", "Plus personne ?", _idle)
    yield from team_scenes()


def _refused(story: Story, app: KioskApp) -> None:
    story.units["piqueuse-3"].refuse_tap(Reason.NO_BOOKING)
    story.units["brodeuse-1"].refuse_tap(Reason.NOT_QUALIFIED)


def _silent(story: Story, app: KioskApp) -> None:
    story.units["familiale"].deaf = True
    story.units["presse-1"].change(faults=frozenset({Fault.ESTOP}))
    story.pass_time(5)


def _closed(story: Story, app: KioskApp) -> None:
    story.pass_time(6 * 3600)
    badge("tag-zoé", Pick("piqueuse-1"))(story, app)


def _stopped(story: Story, app: KioskApp) -> None:
    """Somebody has pressed the emergency stop of a machine that Ana has booked."""
    story.units["surjeteuse-2"].change(faults=frozenset({Fault.ESTOP}))
    badge("tag-ana", Pick("surjeteuse-2", "b3"))(story, app)


def _given_back(story: Story, app: KioskApp) -> None:
    (booking,) = story.units["piqueuse-3"].state.bookings
    badge("tag-zoé", GiveBack(booking))(story, app)
    story.pass_time(3)


def _slow(story: Story, app: KioskApp) -> None:
    story.units["recouvreuse"].slow = True
    badge("tag-zoé", Pick("recouvreuse"), Take(60))(story, app)


def _unpowered(story: Story, app: KioskApp) -> None:
    """The machine books, and does not switch on; what it says to the undo is lost."""
    story.units["recouvreuse"].run = lambda booking: None  # type: ignore[method-assign]
    badge("tag-zoé", Pick("recouvreuse"), Take(60))(story, app)
    story.units["recouvreuse"].deaf = True
    story.pass_time(2)


def _taken(story: Story, app: KioskApp) -> None:
    """Somebody tapped at the machine while Zoé was choosing."""
    _slow(story, app)
    unit = story.units["recouvreuse"]
    unit.change(bookings=(*story.units["surjeteuse-2"].state.bookings, *unit.state.bookings))
    unit.catch_up()


def _deaf(story: Story, app: KioskApp) -> None:
    story.units["piqueuse-1"].deaf = True
    badge("tag-zoé", Pick("piqueuse-1"), Take(60))(story, app)


def _reported(story: Story, app: KioskApp) -> None:
    badge("tag-zoé", Pick("familiale"), Open(Page.REPORT), Report(Trouble.NEEDLE))(story, app)


def _finished(*deeds: Deed) -> Act:
    def act(story: Story, app: KioskApp) -> None:
        unit = story.units["piqueuse-2"]
        booking = next(b for b in unit.state.bookings if b.id == unit.state.booking)
        badge("tag-ana", Stop("piqueuse-2", booking), *deeds)(story, app)

    return act


def _idle(story: Story, app: KioskApp) -> None:
    badge("tag-zoé", Pick("surjeteuse-1"))(story, app)
    story.pass_time(50)
