"""What a trainer's and the staff's badges open at the kiosk, on the real kiosk, twin and units."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from access.vocabulary import Reason
from kiosk.office import Card, GiveCard, Lend, NotDone, Obstacle, Progress
from kiosk.team import Enter, GiveBadge, Name, TeamPage
from tests.kiosk.house import DAY_BADGE, PEOPLE, TAG_KEY, House

FLAT, OVERLOCK, PRESS = "piqueuse-1", "surjeteuse-1", "presse-1"
CARD = Card("04DE5F1EACC040", "11" * 16, "22" * 16)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A workshop that is open, and a kiosk that is a desk."""
    house = House(tmp_path)
    yield house
    house.close()


def lend(house: House, who: str, to: str = "Ana") -> None:
    """Badge, team, lend, to whom; and the badge itself."""
    house.badge(who)
    house.touch("Équipe")
    house.touch("Prêter un badge")
    house.touch(to)
    house.badge(DAY_BADGE)


def test_a_day_badge_is_lent_in_five_acts_and_is_over_at_closing(house: House) -> None:
    """It opens Ana's page and her machine; from 18:00 on it is nobody's key, at the machine and at the kiosk."""
    lend(house, "paul")
    assert house.acts == 5 and "À Ana B., jusqu'à 18:00." in house.words()
    assert house.acts_at_twin() == [("badge_lent", "paul", None, "ana")]
    house.pump(2)
    house.badge(DAY_BADGE)
    assert "Bonjour Ana" in house.words()
    hours = house.site.schedule.now(), house.site.schedule.now() + timedelta(minutes=60)
    house.site.book("b1", "ana", OVERLOCK, hours[0] + timedelta(minutes=1), hours[1])
    house.wait(30)
    house.tap(OVERLOCK, DAY_BADGE)
    assert house.live(OVERLOCK)
    house.tap(OVERLOCK, DAY_BADGE)
    house.site.schedule.run_until(house.site.schedule.ms + 4 * 3_600_000)
    house.wait(4)
    house.tap(OVERLOCK, DAY_BADGE)
    assert not house.live(OVERLOCK)
    last = house.links[OVERLOCK].status._last
    assert last is not None and last.reason is Reason.BADGE_REVOKED
    house.badge(DAY_BADGE)
    assert "Ce badge n'est plus valable" in house.words()


def test_the_end_of_a_day_badge_needs_no_network(house: House) -> None:
    """A unit that lost the twin after the loan refuses the badge at closing by itself."""
    lend(house, "jeanne")
    house.pump(2)
    house.site.benches[OVERLOCK].line.link(False)
    house.site.schedule.run_until(house.site.schedule.ms + 4 * 3_600_000)
    house.site.benches[OVERLOCK].tap(DAY_BADGE)
    last = house.links[OVERLOCK].status._last
    assert last is not None and last.reason is Reason.BADGE_REVOKED


def test_somebodys_own_badge_is_not_lent(house: House) -> None:
    """Karim's badge is refused on the screen, and by the twin had the kiosk asked."""
    house.badge("jeanne")
    house.touch("Équipe")
    house.touch("Prêter un badge")
    house.touch("Ana")
    house.badge("karim")
    assert "Ce badge est déjà à quelqu'un" in house.words()
    house.badges.last = house.tag("karim"), PEOPLE["karim"][1]
    asked = house.office.answer(house.tag("jeanne"), Lend("k1", "ana", house.tag("karim")))
    assert asked == NotDone(Obstacle.BADGE_TAKEN) and house.acts_at_twin() == []


def test_a_trainer_lends_nobody_more_rights_than_their_own(house: House) -> None:
    """The staff and the technicians are not among the names; the twin refuses it as well."""
    house.badge("paul")
    house.touch("Équipe")
    house.touch("Prêter un badge")
    assert "Karim H." in house.words() and "Jeanne" not in house.words() and "Malik" not in house.words()
    house.badges.last = ("tag", DAY_BADGE)
    asked = house.office.answer(house.tag("paul"), Lend("k1", "jeanne", "tag"))
    assert asked == NotDone(Obstacle.NOT_ALLOWED)


def enrol(house: House) -> None:
    """Badge, team, new badge, for whom."""
    house.badge("jeanne")
    house.touch("Équipe")
    house.touch("Nouveau badge")
    house.touch("Ana")


def test_a_card_is_written_and_is_the_members_in_five_acts(house: House) -> None:
    """The screen says how far it is; then the twin has the card's keys, the units theirs, and an act says who."""
    enrol(house)
    assert house.writer.at_work
    house.writer.tell(Progress.WAITING)
    house.stage.settle()
    assert "Posez une carte neuve" in house.words()
    house.writer.tell(Progress.WRITING)
    house.stage.settle()
    assert "Ne bougez pas la carte" in house.words()
    house.writer.tell(CARD)
    house.pump()
    assert "Il est à Ana B." in house.words() and house.acts + 1 == 5
    assert not house.writer.at_work
    assert house.acts_at_twin() == [("badge_enrolled", "jeanne", None, "ana")]
    house.pump(2)
    unit = house.site.benches[OVERLOCK].unit
    assert unit is not None
    keys = {badge.key for badge in unit.control.replica.members["ana"].badges}
    assert CARD.machine_key in keys and CARD.kiosk_key not in keys


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [(Obstacle.NO_KEYS, "Branchez la clé USB"), (Obstacle.NO_BLANK, "NTAG 424"), (Obstacle.NO_READER, "son câble")],
)
def test_why_a_card_is_not_written_is_said(house: House, obstacle: Obstacle, words: str) -> None:
    """No stick, another workshop's card, a reader that is gone: what is the matter, and what to do."""
    enrol(house)
    house.writer.tell(obstacle)
    house.stage.settle()
    assert words in house.words() and house.acts_at_twin() == []


def test_leaving_the_page_stops_the_writing(house: House) -> None:
    """One step back, or the idle time: the reader reads badges again."""
    enrol(house)
    house.touch("Retour")
    assert not house.writer.at_work
    house.touch("Ana")
    assert house.writer.at_work
    house.wait(68)
    assert house.screen == "board" and not house.writer.at_work


def test_a_kiosk_that_is_no_desk_says_so(tmp_path: Path) -> None:
    """Without the keys in its configuration it writes nothing; the twin takes no card from it either."""
    house = House(tmp_path, desk=False)
    try:
        enrol(house)
        assert "n'est pas un bureau à badges" in house.words()
        asked = house.office.answer(house.tag("jeanne"), GiveCard("k1", "ana", CARD))
        assert asked == NotDone(Obstacle.NO_DESK) and house.acts_at_twin() == []
    finally:
        house.close()


@pytest.mark.parametrize("who", ["malik", "paul", "ana"])
def test_nobody_but_the_staff_enrols(house: House, who: str) -> None:
    """A technician, a trainer and a member have no key for it, the deeds do nothing, and the twin refuses."""
    house.badge(who)
    if who != "ana":
        house.touch("Équipe")
    assert "Nouveau badge" not in house.words()
    for deed in (Enter(TeamPage.MENU), GiveBadge(keep=True), Name("ana"), Enter(TeamPage.ENROL)):
        house.app.desk.do(deed)
        house.pump()
    assert not house.writer.at_work
    asked = house.office.answer(house.tag(who), GiveCard("k1", "ana", CARD))
    assert asked == NotDone(Obstacle.NOT_ALLOWED) and house.acts_at_twin() == []


def lesson(house: House, *machines: str, end: str = "16:00") -> None:
    """Badge, team, class, the machines, the end."""
    house.badge("paul")
    house.touch("Équipe")
    house.touch("Cours")
    for machine in machines:
        house.touch(machine)
    house.touch("Choisir la fin")
    house.touch(end)
    house.pump(2)


def test_a_trainer_opens_machines_until_a_fixed_end(house: House) -> None:
    """Badge, two touches, one a machine, two for the end; a dangerous one waits; at four all are dead."""
    lesson(house, "Piqueuse plate 1", "Surjeteuse 1", "Presse à chaud")
    assert house.acts == 8
    assert "Piqueuse plate 1\nAllumée jusqu'à 16:00" in house.words()
    assert "Presse à chaud\nBadgez à la machine, jusqu'à 16:00" in house.words()
    assert [house.live(machine) for machine in (FLAT, OVERLOCK, PRESS)] == [True, True, False]
    house.exchange()
    booked = house.asked("/api/bookings?member=paul")
    assert sorted(b["machine"] for b in booked) == [FLAT, PRESS, OVERLOCK]
    assert {(b["source"], b["end"][:18]) for b in booked} == {("kiosk", "2026-03-10T15:00:0")}
    for machine in (FLAT, OVERLOCK):
        house.site.benches[machine].draw(1.0)
    house.site.schedule.run_until(house.site.schedule.ms + 117 * 60_000)
    for machine in (FLAT, OVERLOCK):
        house.site.benches[machine].draw(0.0)
    house.wait(60)
    assert not house.live(FLAT) and not house.live(OVERLOCK)


def test_a_class_longer_than_a_walk_up_is_extended_by_the_same_rules(house: House) -> None:
    """Three and a half hours: a walk-up of two, and an extension; no more than a booking may last."""
    lesson(house, "Piqueuse plate 1", end="17:30")
    assert "Allumée jusqu'à 17:30" in house.words()
    house.exchange()
    (booked,) = house.asked("/api/bookings?member=paul")
    assert booked["end"].startswith("2026-03-10T16:30:0")


def test_a_class_takes_nobodys_hours(house: House) -> None:
    """A machine that Ana has booked from 15:00 is the class's until then, and the screen says so."""
    start = house.site.schedule.now() + timedelta(minutes=58)
    house.site.book("b1", "ana", FLAT, start, start + timedelta(hours=1))
    house.wait(30)
    lesson(house, "Piqueuse plate 1", "Surjeteuse 1")
    assert "Piqueuse plate 1\nAllumée jusqu'à 15:00 seulement" in house.words()
    assert "Surjeteuse 1\nAllumée jusqu'à 16:00" in house.words()
    house.exchange()
    told = {(b["machine"], b["state"]) for b in house.asked("/api/bookings?member=ana")}
    assert told == {(FLAT, "accepted")}


def test_a_class_can_be_ended_early(house: House) -> None:
    """Every machine that it still has is given back, and goes dead."""
    lesson(house, "Piqueuse plate 1", "Surjeteuse 1")
    house.touch("Retour")
    house.touch("Cours")
    house.touch("Finir le cours")
    house.wait(4)
    assert "Le cours est fini" in house.words() and house.words().count("Rendue") == 2
    house.wait(130)
    assert not house.live(FLAT) and not house.live(OVERLOCK)
    house.exchange()
    assert {b["state"] for b in house.asked("/api/bookings?member=paul")} == {"cancelled"}


def test_a_class_needs_no_twin(house: House) -> None:
    """The units decide it alone."""
    house.wire.away = True
    for bench in house.site.benches.values():
        bench.line.link(False)
    lesson(house, "Piqueuse plate 1")
    assert house.live(FLAT)


@pytest.mark.parametrize("who", ["malik", "ana"])
def test_nobody_else_opens_a_class(house: House, who: str) -> None:
    """A technician and a member have no key for it, and the deed does nothing."""
    house.badge(who)
    house.app.desk.do(Enter(TeamPage.LESSON))
    house.pump()
    assert "machines du cours" not in house.words()


def test_todays_bookings_of_every_machine(house: House) -> None:
    """Badge and two touches: who has which machine today, also what is over; nobody else sees it."""
    start = house.site.schedule.now() + timedelta(minutes=1)
    house.site.book("b1", "karim", FLAT, start, start + timedelta(minutes=30))
    house.wait(90)
    house.tap(FLAT, PEOPLE["karim"][1])
    house.wait(38 * 60)
    for who, seen in (("jeanne", True), ("malik", True), ("paul", True), ("ana", False)):
        house.acts = 0
        house.badge(who)
        if not seen:
            house.app.desk.do(Enter(TeamPage.PLAN))
            house.pump()
            assert house.screen == "member"
            continue
        house.touch("Équipe")
        house.touch("Réservations du jour")
        assert (house.acts, house.screen) == (3, "plan")
        strips = {strip.name: strip.blocks for strip in house.app.root.current_screen.view.strips}
        (block,) = strips["Piqueuse plate 1"]
        assert (block.who, block.hours, block.now) == ("Karim H.", "14:03-14:33", False)
        house.wait(68)


def test_the_reader_keeps_no_number_but_the_last(house: House) -> None:
    """A badge that is not the one read last cannot be lent: its number is not there any more."""
    house.badges.last = ("tag-of-another", "04FFFFFFFFFFFF")
    asked = house.office.answer(house.tag("jeanne"), Lend("k1", "ana", "tag"))
    assert asked == NotDone(Obstacle.NO_BADGE) and len(TAG_KEY) == 32
