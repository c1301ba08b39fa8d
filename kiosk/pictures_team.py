"""The team's part of the story: a picture of each of their pages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from access.vocabulary import Fault, LockReason, ServiceKind, UnlockReason
from kiosk.app import KioskApp
from kiosk.deeds import Contrast, Deed, Pick
from kiosk.office import Progress
from kiosk.story import Story, at
from kiosk.story_office import CARD
from kiosk.team import (
    Enter,
    GiveBadge,
    Letter,
    LockFor,
    Mended,
    Name,
    OpenUntil,
    PutBack,
    Served,
    TeamPage,
    Toggle,
)

Act = Callable[[Story, KioskApp], None]
_MENU = Enter(TeamPage.MENU)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture to be taken: a name that begins with its screen's, a title, and what leads to it."""

    name: str
    title: str
    act: Act


def badge(tag: str, *deeds: Deed) -> Act:
    """Somebody badges, and touches."""

    def act(story: Story, app: KioskApp) -> None:
        if tag:
            story.reader.show(tag)
        app.turn()
        for deed in deeds:
            app.desk.do(deed)
            app.turn()
        app.turn()

    return act


def _record(*deeds: Deed, machine: str = "surjeteuse-1") -> Act:
    return badge("tag-malik", Pick(machine), Enter(TeamPage.RECORD, machine), *deeds)


def team_scenes() -> Iterator[Scene]:
    """Every page of the team, in the order of the story."""
    yield Scene("member-technician", "Malik est technicien", badge("tag-malik"))
    yield Scene("sheet-technician", "Une machine, pour un technicien", badge("tag-malik", Pick("surjeteuse-1")))
    yield Scene("record", "Compteurs, entretien et quatorze jours", _record())
    yield Scene("record-away", "Le jumeau ne répond pas", _away(_record()))
    yield Scene("record-contrast", "Les compteurs en contraste fort", _record(Contrast()))
    yield Scene("table-runs", "Les derniers passages", _record(Enter(TeamPage.RUNS)))
    yield Scene("table-faults", "Pannes et signalements", _welded(_record(Enter(TeamPage.FAULTS))))
    yield Scene("sheet-lock", "Pourquoi la mettre hors service ?", _record(Enter(TeamPage.LOCK)))
    yield Scene("sheet-locked", "Hors service", _record(Enter(TeamPage.LOCK), LockFor(LockReason.DANGER)))
    yield Scene("sheet-lock-away", "Le jumeau n'a pas entendu", _lock_away)
    yield Scene("sheet-unlock", "Pourquoi la remettre en service ?", _locked(Enter(TeamPage.UNLOCK)))
    put_back = Enter(TeamPage.UNLOCK), PutBack(UnlockReason.REPAIRED)
    yield Scene("sheet-unlocked", "De nouveau en service", _locked(*put_back))
    yield Scene("sheet-service", "Noter un entretien", _record(Enter(TeamPage.SERVICE)))
    yield Scene("sheet-serviced", "Entretien noté", _record(Enter(TeamPage.SERVICE), Served(ServiceKind.FULL)))
    yield Scene("sheet-cleared", "Le défaut est levé", _welded(_record(Enter(TeamPage.FAULTS), Mended())))
    yield Scene("panel-menu", "Pour l'équipe", badge("tag-jeanne", Enter(TeamPage.MENU)))
    yield Scene("plan", "Les réservations du jour", badge("tag-jeanne", Enter(TeamPage.PLAN)))
    yield Scene("panel-names", "À qui prêter un badge ?", badge("tag-jeanne", _MENU, GiveBadge(keep=False)))
    yield Scene("panel-letters", "La première lettre du nom", _crowded(GiveBadge(keep=False)))
    yield Scene("panel-names-letter", "Les noms d'une lettre", _crowded(GiveBadge(keep=False), Letter("C")))
    yield Scene("panel-lend", "Posez le badge de prêt", _badge_for("ana"))
    yield Scene("panel-lent", "C'est prêté", _lent)
    yield Scene("panel-enrol", "Posez une carte neuve", _badge_for("ana", keep=True))
    yield Scene("panel-enrolling", "La carte est écrite", _writing)
    yield Scene("panel-enrolled", "Le badge est prêt", _written)
    yield Scene("panel-lesson", "Les machines du cours", _lesson())
    yield Scene("panel-lesson-ends", "La fin du cours", _lesson(Enter(TeamPage.ENDS)))
    yield Scene("table-lesson", "Le cours est ouvert", _lesson(Enter(TeamPage.ENDS), OpenUntil(at(16))))


def _badge_for(member: str, keep: bool = False) -> Act:
    return badge("tag-jeanne", _MENU, GiveBadge(keep), Name(member))


def _away(act: Act) -> Act:
    def away(story: Story, app: KioskApp) -> None:
        story.office.away = True
        act(story, app)

    return away


def _lock_away(story: Story, app: KioskApp) -> None:
    _record(Enter(TeamPage.LOCK))(story, app)
    story.office.away = True
    badge("", LockFor(LockReason.DANGER))(story, app)


def _locked(*deeds: Deed) -> Act:
    def locked(story: Story, app: KioskApp) -> None:
        story.units["surjeteuse-1"].change(locked=True)
        _record(*deeds)(story, app)

    return locked


def _welded(act: Act) -> Act:
    def welded(story: Story, app: KioskApp) -> None:
        story.units["surjeteuse-1"].change(faults=frozenset({Fault.RELAY_WELDED}))
        act(story, app)

    return welded


def _crowded(*deeds: Deed) -> Act:
    def crowded(story: Story, app: KioskApp) -> None:
        story.crowd()
        badge("tag-jeanne", _MENU, *deeds)(story, app)

    return crowded


def _lent(story: Story, app: KioskApp) -> None:
    _badge_for("ana")(story, app)
    badge("tag-day-badge")(story, app)


def _writing(story: Story, app: KioskApp) -> None:
    _badge_for("ana", keep=True)(story, app)
    story.writer.tell(Progress.WRITING)
    app.turn()


def _written(story: Story, app: KioskApp) -> None:
    _writing(story, app)
    story.writer.tell(CARD)
    app.turn()
    app.turn()


def _lesson(*deeds: Deed) -> Act:
    machines = ("piqueuse-1", "surjeteuse-1", "recouvreuse", "presse-1", "familiale")
    return badge("tag-paul", Enter(TeamPage.LESSON), *map(Toggle, machines), *deeds)
