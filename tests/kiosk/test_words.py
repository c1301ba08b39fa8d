"""The words on the screen: all there, all readable."""

import re
from pathlib import Path

import pytest

import kiosk
from access.vocabulary import Fault, Reason, Refusal, Warn
from kiosk.colours import LINEN, NIGHT
from kiosk.views.tile import Look
from kiosk.words import FRENCH, Catalogue, what_and_do


@pytest.mark.parametrize("word", [*Reason, *Refusal, *Fault, *Warn], ids=lambda w: f"{type(w).__name__}.{w}")
def test_every_word_of_the_vocabulary_says_what_and_what_to_do(word: Reason | Refusal | Fault | Warn) -> None:
    """Nobody is ever shown a code: each word has a short sentence, and another that says what to do."""
    for sentence in what_and_do(Catalogue(), word):
        assert 5 < len(sentence) <= 60
        assert sentence[-1] in ".!"
        assert str(word) not in sentence or word == "estop"


@pytest.mark.parametrize("look", Look)
def test_every_state_has_a_word_and_a_colour(look: Look) -> None:
    """A machine's state is told by a word as well as by a colour and a shape."""
    assert FRENCH[f"look.{look}"]
    assert look in LINEN.looks and look in NIGHT.looks


def test_the_words_are_typeset_as_french() -> None:
    """A colon never begins a line, and no apostrophe is a typewriter's."""
    for text in FRENCH.values():
        assert not re.search(r" [:!?;]|'", text)


def test_every_id_the_code_says_is_in_the_catalogue() -> None:
    """No screen asks for words that nobody wrote."""
    folder = Path(kiosk.__file__).parent
    said = {
        id
        for path in folder.rglob("*.py")
        for id in re.findall(r'say\(\s*"([a-z_.]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(said) > 20
    assert said <= set(FRENCH)


def test_another_language_takes_over_where_it_has_words() -> None:
    """A catalogue of another language is used, and French fills its gaps."""
    german = {"jusqu'à {at}": "bis {at}"}
    say = Catalogue(lambda french: german.get(french, french))
    assert say("until", at="15:02") == "bis 15:02"
    assert say("look.free") == "Libre"


def test_every_sentence_is_said_somewhere() -> None:
    """No sentence is kept, and translated, that no screen shows."""
    folder = Path(kiosk.__file__).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py") if path.name != "words.py")
    families = ("reason.", "refusal.", "fault.", "warn.", "look.", "day.", "month.", "trouble.", "face.")
    families += ("cause.", "why.", "unlocked.", "service.", "obstacle.")
    unsaid = {id for id in FRENCH if f'"{id}"' not in code and not id.startswith(families)}
    assert unsaid == set()
