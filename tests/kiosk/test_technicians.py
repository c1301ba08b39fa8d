"""What a technician's badge opens at the kiosk, touch by touch, on the real kiosk, twin and units."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from access.vocabulary import LockReason, UnlockReason
from kiosk.office import Lock, NotDone, Obstacle, ReadRecord, Unlock
from kiosk.team import Enter, LockFor, Mended, PutBack, TeamPage
from kiosk.words import FRENCH
from tests.kiosk.conftest import plain
from tests.kiosk.house import PEOPLE, House

OVERLOCK = "surjeteuse-1"
ANA = PEOPLE["ana"][1]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A workshop that is open."""
    house = House(tmp_path)
    yield house
    house.close()


def sewn(house: House, minutes: int) -> None:
    """Ana runs the overlocker for so long, and the twin hears of it."""
    bench = house.site.benches[OVERLOCK]
    start = house.site.schedule.now()
    house.site.walk_up(f"w{start.timestamp()}", OVERLOCK, "ana", minutes + 5, power=True)
    house.pump()
    bench.draw(2.0)
    house.wait(minutes * 60)
    bench.draw(0.0)
    house.tap(OVERLOCK, ANA)
    house.exchange()


def record(house: House) -> None:
    """Badge, machine, and its record."""
    house.badge("malik")
    house.touch_machine(OVERLOCK)
    house.touch("Entretien")


def test_badge_and_two_touches_open_a_machines_record(house: House) -> None:
    """Hours, the last service and the next, fourteen days drawn, and the runs behind one touch more."""
    sewn(house, 30)
    house.acts = 0
    record(house)
    assert (house.acts, house.screen) == (3, "record")
    said = house.words()
    assert "Sous tension\n30 min" in said and "En marche\n30 min" in said
    assert "Prochain entretien\ndans 100 h" in said and "aucun noté" in said
    bars = house.app.root.current_screen.chart.bars
    assert len(bars) == 14 and round(bars[-1].running, 2) == 0.5 and not any(bar.running for bar in bars[:-1])
    house.touch("Passages")
    assert "Ana B.\n30 min\n30 min\nbadge" in house.words()


def test_a_lock_takes_five_acts_and_nobody_gets_in(house: House) -> None:
    """With a reason, by name, at the twin and in the machine; back in service too, and nothing starts by itself."""
    record(house)
    house.touch("Mettre hors service")
    house.touch("Danger")
    assert house.acts == 5
    assert "n'accepte plus personne" in house.words()
    machine = house.machine(OVERLOCK)
    assert (machine["locked"], machine["locked_by"], machine["locked_why"]) == (True, "malik", "danger")
    house.tap(OVERLOCK, ANA)
    assert not house.live(OVERLOCK) and house.links[OVERLOCK].status._last.reason == "locked"  # type: ignore[union-attr]
    house.touch("Retour")
    assert "Danger (Malik H.)" in house.words()
    house.acts = 3
    house.touch("Remettre en service")
    assert house.machine(OVERLOCK)["locked"]
    house.touch("Réparée")
    assert house.acts == 5
    assert "Il faut un badge" in house.words() and not house.live(OVERLOCK)
    assert not house.machine(OVERLOCK)["locked"]
    assert house.acts_at_twin() == [("lock", "malik", OVERLOCK, None), ("unlock", "malik", OVERLOCK, None)]
    assert [act["detail"] for act in house.asked("/api/acts")] == [{"why": "repaired"}, {"why": "danger"}]


@pytest.mark.parametrize("why", UnlockReason)
def test_every_reason_to_unlock_is_kept(house: House, why: UnlockReason) -> None:
    """Each pictogram of the page is a reason that the twin takes, word for word, and the machine is free."""
    record(house)
    house.touch("Mettre hors service")
    house.touch("Danger")
    house.touch("Retour")
    house.touch("Remettre en service")
    house.touch(plain(FRENCH[f"unlocked.{why}"]))
    assert house.asked("/api/acts")[0]["detail"] == {"why": why} and not house.machine(OVERLOCK)["locked"]


def test_a_service_is_noted_and_the_hours_begin_anew(house: House) -> None:
    """Badge and four touches; the record says who and when, and counts from there."""
    sewn(house, 10)
    house.acts = 0
    record(house)
    assert "Heures depuis\n10 min" in house.words()
    house.touch("Noter un entretien")
    house.touch("Nettoyée")
    assert house.acts == 5 and "C'est noté" in house.words()
    house.touch("Retour")
    assert "Heures depuis\n0 min" in house.words() and "Dernier entretien\n10/03" in house.words()
    assert house.acts_at_twin() == [("service", "malik", OVERLOCK, None)]


def test_what_was_reported_is_dealt_with(house: House) -> None:
    """Ana's report stands among the faults until the technician says that it was seen to."""
    house.badge("ana")
    house.touch_machine(OVERLOCK)
    house.touch("Signaler")
    house.touch("Aiguille")
    house.exchange()
    record(house)
    house.touch("Pannes")
    assert "Aiguille cassée\nsignalé, à traiter" in house.words()
    house.touch("C'est traité")
    assert "Les signalements sont réglés" in house.words()
    house.touch("Retour")
    house.touch("Pannes")
    assert "Aiguille" not in house.words()
    assert house.acts_at_twin() == [("reports_closed", "malik", OVERLOCK, None)]


def welded(house: House) -> None:
    """The overlocker's contact stays closed after a run."""
    bench = house.site.benches[OVERLOCK]
    house.site.walk_up("w1", OVERLOCK, "ana", 30, power=True)
    house.pump()
    bench.weld(True)
    house.tap(OVERLOCK, ANA)
    house.wait(4)


def test_a_weld_is_cleared_by_a_technician_once_it_is_open(house: House) -> None:
    """While the contact is closed the screen says that the fault stands; once open it goes, and nothing starts."""
    welded(house)
    record(house)
    house.touch("Pannes")
    assert "Le courant reste jusqu'à la venue d'un technicien" in house.words()
    house.touch("Lever le défaut")
    house.wait(4)
    assert "Le contact est encore fermé" in house.words()
    house.site.benches[OVERLOCK].weld(False)
    house.pump()
    house.touch("Retour")
    house.touch("Pannes")
    house.touch("Lever le défaut")
    assert "Le défaut est levé" in house.words() and not house.live(OVERLOCK)
    house.exchange()
    rows = house.asked(f"/api/rows?unit={OVERLOCK}&kind=decision")
    assert rows[-1]["opening"]["member"] == "malik" and rows[-1]["body"]["reason"] == "fault"
    assert house.asked(f"/api/rows?unit={OVERLOCK}&kind=fault_cleared")[-1]["body"]["kind"] == "relay_welded"


def test_without_the_twin_the_record_says_so_and_a_lock_is_not_promised(house: House) -> None:
    """What the unit tells stays; what the twin has is said to be missing; a lock says to pull the plug."""
    house.wire.away = True
    record(house)
    assert "ni compteurs ni historique" in house.words() and "Libre" in house.words()
    house.touch("Mettre hors service")
    house.touch("Danger")
    assert "Débranchez la machine" in house.words() and house.acts_at_twin() == []
    house.wire.away = False
    house.touch("Réessayer")
    assert "n'accepte plus personne" in house.words()
    assert house.acts_at_twin() == [("lock", "malik", OVERLOCK, None)]


def test_an_act_whose_answer_was_lost_counts_once(house: House) -> None:
    """The twin heard, the kiosk did not hear it: asked again under the same id it is one act."""
    record(house)
    house.touch("Noter un entretien")
    house.wire.deaf = True
    house.touch("Réglage")
    assert "on ne sait pas si c'est noté" in house.words()
    house.wire.deaf = False
    house.touch("Réessayer")
    assert "C'est noté" in house.words() and len(house.acts_at_twin()) == 1


@pytest.mark.parametrize("who", ["ana", "paul"])
def test_nobody_else_sees_any_of_it(house: House, who: str) -> None:
    """A member and a trainer have no key to it; the deed itself does nothing, and the twin refuses it too."""
    house.badge(who)
    assert ("Équipe" in house.words()) is (who == "paul")
    house.touch_machine(OVERLOCK)
    assert "Entretien" not in house.words()
    lock, put_back = LockFor(LockReason.DANGER), PutBack(UnlockReason.OTHER)
    for deed in (Enter(TeamPage.RECORD, OVERLOCK), lock, put_back, Mended()):
        house.app.desk.do(deed)
        house.pump()
        assert house.screen == "sheet" and "Jusqu'à quelle heure" in house.words()
    unlock = Unlock("k3", OVERLOCK, UnlockReason.MISTAKE)
    for ask in (ReadRecord("k1", OVERLOCK), Lock("k2", OVERLOCK, LockReason.DANGER), unlock):
        assert house.office.answer(house.tag(who), ask) == NotDone(Obstacle.NOT_ALLOWED)
    assert house.acts_at_twin() == []


def test_the_staff_locks_and_does_not_clear(house: House) -> None:
    """A weld is for technicians: the staff has no key for it, and the unit takes no word of theirs."""
    welded(house)
    house.site.benches[OVERLOCK].weld(False)
    house.badge("jeanne")
    house.touch_machine(OVERLOCK)
    house.touch("Entretien")
    house.touch("Pannes")
    assert "Le courant reste jusqu'à la venue" in house.words() and "Lever le défaut" not in house.words()
    house.app.desk.do(Mended())
    house.wait(4)
    assert "Le courant reste jusqu'à la venue d'un technicien" in house.words()


def test_nothing_of_it_stays_when_they_walk_away(house: House) -> None:
    """After the idle time the board is there; who badges again begins at their own page."""
    sewn(house, 6)
    record(house)
    house.touch("Passages")
    assert "Ana B." in house.words()
    house.wait(68)
    assert house.screen == "board" and "Ana" not in house.words()
    assert house.app.desk.session.team is None and house.app.desk._left[0].team is None
    screens = house.app.root._screens.screens
    assert not any("Ana" in str(getattr(screen, "view", "")) for screen in screens)
    house.badge("malik")
    assert house.screen == "sheet"
