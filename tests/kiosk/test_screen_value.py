"""What the association sets at the twin, on the kiosk: helpers, languages, the question, the colour."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from access.facts import stamp
from kiosk import colours
from tests.kiosk.house import House
from twin.auth import Role, make_token
from twin.screen import Screen

PAGE = Path(__file__).parents[2] / "docs" / "kiosk.md"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A workshop that is open."""
    house = House(tmp_path)
    yield house
    house.close()
    colours.use(colours.LINEN)


def put(house: House, **value: object) -> None:
    """An administrator sets the value, and the kiosk hears of it."""
    token = make_token(house.site._store, Role.ADMIN, house.site.schedule.now())
    answer = house.client.put("/api/screen", json=value, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    house.pump()


def test_who_agreed_is_shown_until_their_hours_are_over(house: House) -> None:
    """Paul's first name stands on the board while he helps, and not a minute longer."""
    now = house.site.schedule.now()
    hours = {"start": stamp(now), "end": stamp(now + timedelta(minutes=30))}
    put(house, helpers=[{"member": "paul", "skill": "broderie", **hours}])
    assert "Aide du jour : Paul (broderie)" in house.words()
    house.site.schedule.run_until(house.site.schedule.ms + 31 * 60_000)
    house.pump()
    assert "Paul" not in house.words()


def test_a_member_reads_their_language_without_a_touch(house: House) -> None:
    """What the twin says of Ana's language is what her badge brings."""
    put(house, languages={"ana": "de"})
    house.badge("ana")
    assert "Guten Tag Ana" in house.words()


def test_the_question_is_the_associations(house: House) -> None:
    """After a run the kiosk asks what the twin was given, and the unit writes the answer down."""
    put(house, survey={"question": "Vous reviendrez ?", "answers": ["oui", "non"]})
    house.badge("ana")
    house.touch_machine("piqueuse-1")
    house.touch("14:32")
    house.touch("Quitter")
    house.badge("ana")
    house.touch("Terminer")
    house.touch("Bien")
    assert "Vous reviendrez ?" in house.words()
    house.touch("oui")
    house.exchange()
    told = [row["body"] for row in house.asked("/api/rows?unit=piqueuse-1&kind=rating")]
    assert {"face": 0, "question": "Vous reviendrez ?", "answer": "oui"} in told


def test_the_colour_is_the_associations(house: House) -> None:
    """The workshop's colour becomes it, and the states keep theirs; high contrast keeps its own."""
    put(house, colours={"main": "1e5b4f"})
    assert colours.now.main == colours.rgb("1e5b4f") and colours.now.looks == colours.LINEN.looks
    house.touch("Langue")
    house.touch("Contraste")
    assert colours.now is colours.NIGHT


def test_the_page_names_every_key() -> None:
    """The manual's table and the twin's value have the same keys."""
    section = PAGE.read_text().partition("## What the site says")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(Screen.model_fields)
