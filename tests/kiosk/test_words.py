"""The words on the screen: all there, all readable."""

import re
from pathlib import Path

import pytest
from kivy.base import EventLoop
from kivy.graphics import Color, Fbo

import kiosk
from access.vocabulary import Fault, Reason, Refusal, Warn
from kiosk.status import Look
from kiosk.theme import DUSK, INDIGO, INK, LINEN, LOOKS, MADDER, SOFT, WHITE, Rgb, draw_shape, ground, mixed
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
    assert look in LOOKS


def test_the_words_are_typeset_as_french() -> None:
    """A colon never begins a line, and no apostrophe is a typewriter's."""
    for text in FRENCH.values():
        assert not re.search(r" [:!?;]|'", text)


def test_every_id_the_code_says_is_in_the_catalogue() -> None:
    """No screen asks for words that nobody wrote."""
    folder = Path(kiosk.__file__).parent
    said = {
        id
        for path in folder.glob("*.py")
        for id in re.findall(r'say\(\s*"([a-z_.]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(said) > 20
    assert said <= set(FRENCH)


def test_another_language_takes_over_where_it_has_words() -> None:
    """A catalogue of another language is used, and French fills its gaps."""
    german = {"until": "bis {at}"}
    say = Catalogue(lambda id: german.get(id, id))
    assert say("until", at="15:02") == "bis 15:02"
    assert say("look.free") == "Libre"


def luminance(colour: Rgb) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_everything_written_can_be_read() -> None:
    """All colours that words are written in stand out from their ground by 4.5 to 1 or more."""
    pairs = [(INK, LINEN), (SOFT, LINEN), (MADDER, LINEN), (WHITE, INDIGO), (INK, WHITE), (SOFT, WHITE)]
    pairs += [(SOFT, DUSK), (INK, DUSK), (INDIGO, WHITE), (MADDER, mixed(MADDER, 0.08, WHITE))]
    pairs += [(LOOKS[look], ground(look, barred=False)) for look in Look]
    pairs += [(LOOKS[look], LINEN) for look in Look]
    for written, on in pairs:
        assert contrast(written, on) >= 4.5


def test_no_two_states_share_a_shape() -> None:
    """Without any colour the states are still told apart; only silent and not yet heard look alike."""
    drawn = {look: _drawn(look) for look in Look}
    assert drawn.pop(Look.WAITING) == drawn[Look.SILENT]
    assert len(set(drawn.values())) == len(drawn)
    assert bytes(len(drawn[Look.FREE])) not in drawn.values()


def _drawn(look: Look) -> bytes:
    EventLoop.ensure_window()
    sign = Fbo(size=(48, 48))
    with sign:
        Color(1, 1, 1)
        draw_shape(look, 24, 24, 24)
    sign.draw()
    return bytes(sign.pixels)
