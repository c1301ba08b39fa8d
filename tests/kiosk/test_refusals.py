"""A refusal says why, what to do and until when: a heading of one line, and two lines that are easy to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from kivy.metrics import mm

from access.book import Refused
from access.bookings import Booking
from access.people import Badge
from access.times import Hours, Opening
from access.vocabulary import Fault, Reason, Refusal
from controller.link import Begin
from kiosk.deeds import Pick, Speak
from kiosk.languages import LANGUAGES, catalogue
from kiosk.office import Obstacle
from kiosk.pictures import story_app
from kiosk.pictures_team import badge
from kiosk.ports import Site
from kiosk.stage import Stage
from kiosk.story import SITE, START, Story, at
from kiosk.views.result import Result
from kiosk.views.scene import Scene, Seen
from kiosk.views.tile import tile
from kiosk.views.why import why, why_no_badge, why_tapped
from kiosk.words import FRENCH, Say, what_and_do
from kiosk.writing import FitLabel, for_the_eye
from tests.kiosk.conftest import BIG, SMALL, plain

CAPITAL = 0.71
"""A capital's height, of a font's size."""
SAY = catalogue("fr")


def longest(say: Say, family: str, count: range) -> str:
    return max((say(f"{family}.{number}") for number in count), key=len)


def refusals(say: Say) -> Iterator[tuple[str, str, str]]:
    """Every heading with its two lines, each with its longest hour or day."""
    no, day = say("result.refused"), longest(say, "day", range(7))
    date = say("date.full", number=30, month=longest(say, "month", range(1, 13)), year=2026)
    for word in (*Reason, *Refusal, *Fault):
        yield no, *what_and_do(say, word)
        if f"{type(word).__name__.lower()}.{word}.until" in FRENCH:
            yield no, *what_and_do(say, word, date if "member" in word or "badge" in word else "15:02")
    for when in (say("closed.tomorrow", at="09:00"), say("closed.day", day=day, at="09:00")):
        yield say("look.closed"), say("closed.opens.what", when=when), say("closed.opens.do")
    yield say("look.closed"), say("closed.soon.what", at="18:00"), say("closed.soon.do")
    untrained = say("member.untrained", training="broderie numérique")
    yield say("result.untrained"), untrained, say("refusal.not_qualified.do")
    for obstacle in Obstacle:
        yield no, say(f"obstacle.{obstacle}.what"), say(f"obstacle.{obstacle}.do")
    yield no, say("obstacle.away.what"), say("lock.away.do")
    yield say("clear.stands"), say("clear.stands.what"), say("clear.stands.do")
    for came in ("asked", "undone"):
        yield say("result.off"), say(f"result.off.{came}.what"), say("result.off.do")
    yield say("result.off"), say("result.off.unheard.what"), say("result.asking")
    yield say("result.off"), say("result.off.kept.what", at="15:02"), say("result.badge_there")
    yield say("result.not_stopped"), say("result.not_stopped.what"), say("result.badge_there")
    yield say("result.unreachable"), say("result.unreachable.what"), say("result.unreachable.do")
    yield (
        say("result.not_started"),
        say("result.not_started.what", at="15:02"),
        say("result.not_started.do"),
    )


@contextmanager
def standing(size: tuple[int, int], language: str, *deeds: Any, tag: str = "") -> Iterator[tuple[Stage, Any]]:
    """A kiosk in a language, and the screen that a badge and some touches lead to."""
    story = Story()
    story.people_speak(language)
    stage = Stage(story_app(story), size)
    try:
        if language != "fr":
            stage.app.desk.do(Speak(language))
        badge(tag, *deeds)(story, stage.app)
        stage.settle()
        yield stage, stage.app.root.current_screen
    finally:
        stage.close()


def lines_of(screen: Any, stage: Stage, *told: str) -> list[int]:
    """In how many lines each of these is told; a hundred where it is cut, or its capitals are less than 3 mm."""
    stage.settle(2)
    labels = {w.words: w for w in screen.walk(restrict=True) if isinstance(w, FitLabel) and w.words}
    found = [labels[words] for words in told]
    small = [label.cramped or label.font_size * CAPITAL < mm(3) for label in found]
    return [100 if bad else label.text.count("\n") + 1 for label, bad in zip(found, small, strict=True)]


@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_a_heading_and_two_lines(language: str, size: tuple[int, int]) -> None:
    """Whatever the refusal, the fault or the obstacle: one line over two, none with capitals of less than 3 mm."""
    with standing(size, language, Pick("brodeuse-1"), tag="tag-zoé") as (stage, screen):
        for title, what, do in refusals(catalogue(language)):
            screen.result = Result(False, title, what, do)
            assert (what, lines_of(screen, stage, title, what, do)) == (what, [1, 1, 1])


@pytest.mark.parametrize("size", [BIG, SMALL], ids=str)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_bars_a_person_or_a_badge_is_two_lines(language: str, size: tuple[int, int]) -> None:
    """Above the machines, what keeps somebody from all of them is two lines; at the board's foot, what is wrong
    with a badge is a heading, and what to do about it no more than two."""
    say = catalogue(language)
    date = say("date.full", number=30, month=longest(say, "month", range(1, 13)), year=2026)
    everywhere = (Refusal.BADGE_REVOKED, Refusal.TOO_MANY_BOOKINGS, Refusal.WEEK_HOURS_USED)
    with standing(size, language, tag="tag-léo") as (stage, screen):
        for pair in (
            what_and_do(say, Refusal.MEMBERSHIP_EXPIRED, date),
            *(what_and_do(say, r) for r in everywhere),
        ):
            screen.view = replace(screen.view, notice=pair)
            assert (pair, lines_of(screen, stage, *pair)) == (pair, [1, 1])
    with standing(size, language) as (stage, screen):
        unread = say("board.reader_lost.what"), say("board.reader_lost.do")
        unknown = what_and_do(say, Reason.BADGE_UNKNOWN)
        for pair in (unread, unknown, what_and_do(say, Reason.BADGE_REVOKED, date)):
            screen.view = replace(screen.view, notice=pair)
            heading, rest = lines_of(screen, stage, *pair)
            assert heading == 1 and rest <= 2, pair


def test_a_date_in_arabic_is_read_from_its_day_to_its_year() -> None:
    """Day, month and year stand from right to left, within their sentence too; an hour stays as it is."""
    arabic = replace(scene(), say=catalogue("ar"))
    leo = next(person.member for person in SITE.people if person.member.id == "léo")
    what, _ = why(Refusal.MEMBERSHIP_EXPIRED, SITE.posts[0], leo, arabic)
    line = for_the_eye(what, False, 2000, 20)
    assert line.index("2026") < line.index(for_the_eye("مارس", False, 2000, 20)) < line.index("7")
    shut = replace(arabic, now=at(20))
    assert "09:00" in for_the_eye(why(Refusal.CLOSED, SITE.posts[0], leo, shut)[0], False, 2000, 20)


# Until when


def scene(site: Site = SITE, now: datetime = START, **states: Any) -> Scene:
    """What is known at an instant; `states` are the units', by machine."""
    story = Story()
    seen = {post.machine.id: Seen(story.units[post.machine.id].state) for post in SITE.posts}
    return Scene(site, seen | {id: Seen(state) for id, state in states.items()}, now, 0.0, SAY)


def told(reason: Refusal, machine: str, now: datetime = START, site: Site = SITE, **more: Any) -> str:
    """A refusal at a machine of the story, for Léo, whose membership has ended."""
    leo = next(person.member for person in SITE.people if person.member.id == "léo")
    return plain("\n".join(why(reason, site.post(machine), leo, scene(site, now), **more)))


@pytest.mark.parametrize("word", [*Reason, *Refusal, *Fault], ids=lambda w: f"{type(w).__name__}.{w}")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_says_why_and_what_to_do(language: str, word: Reason | Refusal | Fault) -> None:
    """Two sentences, neither empty nor the same, and no code; also where the time is known at which it ends."""
    say = catalogue(language)
    ends = f"{type(word).__name__.lower()}.{word}.until" in FRENCH
    for hour in ("", "15:02")[: 2 if ends else 1]:
        what, do = what_and_do(say, word, hour)
        assert what.strip() and do.strip() and what != do and hour in what
        assert "{" not in what + do and "_" not in what + do


def test_a_closed_workshop_says_when_it_opens() -> None:
    """Today, tomorrow, or on which day; and where no opening is known, it says that."""
    assert told(Refusal.CLOSED, "piqueuse-1", at(7)).startswith("L'atelier rouvre à 09:00.")
    assert told(Refusal.CLOSED, "piqueuse-1", at(20)).startswith("L'atelier rouvre demain à 09:00.")
    saturday = at(20) + timedelta(days=4)
    assert told(Refusal.CLOSED, "piqueuse-1", saturday).startswith("L'atelier rouvre lundi à 09:00.")
    assert told(Refusal.CLOSED, "piqueuse-1", at(17, 50)).startswith("L'atelier ferme à 18:00.")
    never = replace(SITE, opening=Opening("Europe/Paris", (Hours(frozenset(), at(9).time(), at(18).time()),)))
    assert told(Refusal.CLOSED, "piqueuse-1", site=never).startswith("Fermé, sans réouverture connue.")


def test_an_ended_membership_says_its_last_day() -> None:
    """The day on which it still was one; a membership that ends at midnight ended the day before."""
    assert told(Refusal.MEMBERSHIP_EXPIRED, "piqueuse-1").startswith("Adhésion finie le 7 mars 2026.")
    leo = replace(SITE.owner("tag-léo")[0].member, valid_until=at(0) - timedelta(days=8))  # type: ignore[index]
    what, _ = why(Refusal.MEMBERSHIP_EXPIRED, SITE.posts[0], leo, scene())
    assert plain(what) == "Adhésion finie le 1er mars 2026."


def test_a_taken_machine_says_until_when() -> None:
    """Until the one who has it is done, and whoever follows at once; of hours to come, until those are over."""
    assert told(Refusal.OVERLAP, "surjeteuse-2").startswith("Elle est prise jusqu'à 15:00.")
    assert told(Refusal.OVERLAP, "piqueuse-2").startswith("Elle est prise jusqu'à 15:30.")
    assert told(Refusal.OVERLAP, "piqueuse-3", start=at(16)).startswith("Elle est prise jusqu'à 17:00.")
    state = Story().units["surjeteuse-2"].state
    more = Booking("b9", "surjeteuse-2", "karim", at(15), at(16))
    busy = scene(**{"surjeteuse-2": replace(state, bookings=(*state.bookings, more))})
    what, _ = why(Refusal.OVERLAP, SITE.post("surjeteuse-2"), SITE.people[0].member, busy)
    assert plain(what) == "Elle est prise jusqu'à 16:00."


@pytest.mark.parametrize(
    ("machine", "reason", "words"),
    [
        ("piqueuse-2", Reason.IN_USE, "Quelqu'un s'en sert jusqu'à 15:30."),
        ("surjeteuse-2", Reason.BOOKED_BY_OTHER, "Quelqu'un l'a réservée jusqu'à 15:00."),
        ("piqueuse-3", Reason.TOO_EARLY, "Votre réservation commence à 16:00."),
        ("piqueuse-1", Reason.IN_USE, "Quelqu'un s'en sert en ce moment."),
    ],
)
def test_a_refused_tap_says_until_when(machine: str, reason: Reason, words: str) -> None:
    """On its tile, from what the unit tells; without an hour where the unit knows none."""
    story, member = Story(), "zoé" if reason is Reason.TOO_EARLY else "karim"
    unit = story.units[machine]
    unit.refuse_tap(reason)
    tap = replace(unit.state.last, member=member)  # type: ignore[type-var]
    seen = {post.machine.id: Seen(story.units[post.machine.id].state) for post in SITE.posts}
    seen[machine] = Seen(replace(unit.state, last=tap), refused_at=0.0)
    now = Scene(SITE, seen, START, 0.0, SAY)
    assert plain(why_tapped(tap, SITE.post(machine), now)[0]) == words
    assert plain(tile(SITE.post(machine), now).what) == words


def test_a_membership_is_not_dated_where_everybody_reads_it() -> None:
    """On the board a refused tap tells of an ended membership, and not its day."""
    story = Story()
    story.units["piqueuse-1"].refuse_tap(Reason.MEMBERSHIP_EXPIRED)
    tap = replace(story.units["piqueuse-1"].state.last, member="léo")  # type: ignore[type-var]
    assert plain(why_tapped(tap, SITE.posts[0], scene())[0]) == "Votre adhésion est arrivée à sa fin."


def test_a_day_badge_says_when_its_day_ended() -> None:
    """By the hour on that day, by the date from the next; one that was withdrawn has no end to tell."""
    lent = Badge("tag-day", until=at(18))
    for now, words in ((at(19), "18:00"), (at(19) + timedelta(days=1), "10 mars 2026")):
        what, do = why_no_badge(lent, scene(now=now)) or ("", "")
        assert plain(what) == f"Prêt fini : {words}." and do
    assert why_no_badge(lent, scene()) is None
    assert why_no_badge(Badge("tag-lost", revoked=True), scene()) == what_and_do(SAY, Reason.BADGE_REVOKED)
    assert why_no_badge(None, scene()) == what_and_do(SAY, Reason.BADGE_UNKNOWN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_waits_for_a_technician_says_so(language: str) -> None:
    """A lock, a fault that cuts the power: nobody knows the hour, everybody knows who has to come first."""
    technician = {"fr": "technicien", "ar": "فنّي", "tr": "teknisyen", "en": "technician"}.get(language, "Techniker")
    say = catalogue(language)
    for word in (
        *(Reason.LOCKED, Reason.FAULT, Refusal.MACHINE_LOCKED),
        *(Fault.RELAY_WELDED, Fault.NO_POWER, Fault.BOARD_LOST),
    ):
        assert technician.lower() in " ".join(what_and_do(say, word)).lower()


def test_a_refusal_of_later_hours_is_dated_by_them(robot: Any) -> None:
    """Who wanted the hours after whoever has the machine, and was too late, reads when those are over."""
    unit = robot.story.units["piqueuse-2"]
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-2")
    unit.slow = True
    robot.touch("16:00")
    taken = Booking("b8", "piqueuse-2", "karim", at(15, 30), at(16, 30))
    unit.change(bookings=(*unit.state.bookings, taken))
    unit.catch_up()
    robot.wait(0.1)
    assert "Elle est prise jusqu'à 16:30.\nPrenez-en une autre" in robot.words()
    assert robot.app.desk.session.answer == Refused((Refusal.OVERLAP,))


@pytest.mark.parametrize("fault", [Fault.NO_POWER, Fault.RELAY_WELDED, Fault.BOARD_LOST, Fault.ESTOP])
def test_hours_of_a_machine_that_cannot_start_are_not_offered(robot: Any, fault: Fault) -> None:
    """Its page says what is wrong and what to do, as its tile does, and the unit is asked nothing."""
    unit = robot.story.units["piqueuse-1"]
    unit.change(faults=frozenset({fault}))
    robot.badge("tag-zoé")
    robot.touch_machine("piqueuse-1")
    what, do = what_and_do(SAY, fault)
    assert plain(f"{what}\n{do}") in robot.words() and unit.asked == []
    assert "15:02" not in robot.words()


@pytest.mark.parametrize("fault", [Fault.NO_POWER, Fault.RELAY_WELDED, Fault.BOARD_LOST, Fault.ESTOP, None])
def test_ones_own_hours_are_not_started_where_the_machine_cannot(robot: Any, fault: Fault | None) -> None:
    """Whoever has booked reads, with their badge and on the machine's page, what is wrong and what to do; they may
    give the hours back, and the unit is asked nothing. None is a machine that is locked."""
    unit = robot.story.units["surjeteuse-2"]
    unit.change(faults=frozenset({fault} if fault is not None else ()), locked=fault is None)
    what, do = what_and_do(SAY, fault or Refusal.MACHINE_LOCKED)
    robot.badge("tag-ana")
    robot.touch("Suite")  # Ana also runs another machine, which comes first
    assert "Démarrer" not in robot.words() and plain(f"Surjeteuse 2\n{what}") in robot.words()
    robot.touch(plain(f"Surjeteuse 2\n{what}"))
    assert "Démarrer" not in robot.words() and "Annuler" in robot.words()
    assert plain(f"{what}\n{do}") in robot.words() and "Réservée pour vous jusqu'à 15:00" in robot.words()
    assert unit.asked == []


def test_a_dangerous_machine_that_is_out_of_order_asks_for_no_badge(robot: Any) -> None:
    """Whoever has booked the press, now locked, is not sent to its reader to be refused."""
    unit = robot.story.units["presse-1"]
    unit.change(bookings=(Booking("b9", "presse-1", "zoé", at(14), at(15)),), locked=True)
    robot.badge("tag-zoé")
    robot.touch("Presse à chaud\nLa machine est hors service.")
    assert "La machine est hors service.\nPrenez-en une autre" in robot.words()
    assert "Cette machine démarre avec votre badge" not in robot.words()


def test_a_technician_starts_a_locked_machine(robot: Any) -> None:
    """A lock keeps nobody from it who has to look after it."""
    unit = robot.story.units["piqueuse-1"]
    unit.change(bookings=(Booking("b9", "piqueuse-1", "malik", at(14), at(15)),), locked=True)
    robot.badge("tag-malik")
    robot.touch("Démarrer")
    assert unit.asked == [Begin("malik", "b9")] and unit.state.phase == "running"


def test_hours_to_come_of_a_machine_that_is_out_of_order_stand(robot: Any) -> None:
    """It may be well again by then: they are told as they are."""
    robot.story.units["piqueuse-3"].change(faults=frozenset({Fault.ESTOP}))
    robot.badge("tag-zoé")
    robot.touch("Réservée pour vous de 16:00 à 17:00")
    assert "Réservée pour vous de 16:00 à 17:00" in robot.words() and "Annuler" in robot.words()
