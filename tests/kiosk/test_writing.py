"""Words in a place that is too small for them, or just large enough."""

import pytest
from kivy.core.text import Label as CoreLabel
from kivy.metrics import Metrics, mm

from kiosk.environment import SCREENS
from kiosk.stage import Stage
from kiosk.writing import BODY_MM, FONT, STATE_MM, FitLabel, blank, smallest
from tests.kiosk.conftest import Robot

TWO_PARTS = (
    "Occupée\njusqu’à 18:00",
    "Deux lignes assez longues pour être coupées par leur place\nLibre",
    "Libre\nDeux lignes assez longues pour être coupées par leur place",
    "مشغولة\nحتى الساعة 18:00 لمن حجزها قبلك",
)


@pytest.mark.parametrize("words", TWO_PARTS)
def test_no_word_is_dropped_in_a_tight_place(robot: Robot, words: str) -> None:
    """Whatever is to be read is drawn whole, in any place, also when it is in two parts and has to become small."""
    label = FitLabel(biggest=9, capitals=1.4)
    robot.app.root.add_widget(label)
    for height in range(14, 130, 3):
        label.size_hint, label.size, label.words = (None, None), (210, height), words
        robot.stage.settle(2)
        assert sorted(_drawn(label)) == sorted(label.text.split()), height


def _drawn(label: FitLabel) -> list[str]:
    """The words that Kivy found room for."""
    lines = label._label._cached_lines
    return [word for line in lines for part in line.words for word in part.text.split()]


def test_words_stand_within_their_place(robot: Robot) -> None:
    """Where a label says that nothing is cramped, all it draws lies within its place."""
    for words in TWO_PARTS:
        for side in ("start", "middle", "end"):
            label = _placed(robot.stage, words, side)
            if not label.cramped:
                width, height = label.texture_size
                assert width <= label.width and height - blank(words, label.font_size) <= label.height


def _placed(stage: Stage, words: str, side: str) -> FitLabel:
    label = FitLabel(words=words, side=side, biggest=9, capitals=1.4, size_hint=(None, None), size=(220, 90))
    stage.app.root.add_widget(label)
    stage.settle(2)
    return label


@pytest.mark.parametrize("density", sorted(set(SCREENS.values())))
@pytest.mark.parametrize("bold", [False, True])
def test_a_capital_is_as_tall_as_promised(robot: Robot, density: int, bold: bool) -> None:
    """Counted in whole drawn pixels on each screen we know: 3 mm in the smallest words, 4 mm in a state's."""
    Metrics.dpi = density  # the next kiosk sets its own
    for capitals in (BODY_MM, STATE_MM):
        label = CoreLabel(text="H", font_name=FONT, bold=bold, font_size=smallest(capitals))
        label.refresh()
        pixels, (width, height) = label.texture.pixels, label.texture.size
        alphas = [pixels[row * width * 4 + 3 : (row + 1) * width * 4 : 4] for row in range(height)]
        assert sum(any(row) for row in alphas) >= int(mm(capitals))


def test_words_that_are_too_long_for_their_place_become_small_and_say_so(robot: Robot) -> None:
    """A name that is too long stays whole and in its place; with the height that it needs it is as big as any."""
    label = FitLabel(words="Prenez-en une autre, ou demandez à l’accueil.", size_hint=(None, None), size=(200, 30))
    robot.app.root.add_widget(label)
    robot.stage.settle(2)
    assert label.cramped and label.font_size < smallest(BODY_MM)
    assert label.texture_size[1] - blank(label.words, label.font_size) <= label.height
    label.height = label.need
    assert not label.cramped and label.font_size == smallest(BODY_MM)
