"""Words in a place that is too small for them, or just large enough."""

import pytest

from kiosk.stage import Stage
from kiosk.writing import FitLabel
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
    label = FitLabel(biggest=9, least=2)
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
    """Where a label says that nothing is clipped, all it draws lies within its place."""
    for words in TWO_PARTS:
        for side in ("start", "middle", "end"):
            label = _placed(robot.stage, words, side)
            if not label.clipped:
                assert label.texture_size[0] <= label.width and label.texture_size[1] <= label.height


def _placed(stage: Stage, words: str, side: str) -> FitLabel:
    label = FitLabel(words=words, side=side, biggest=9, least=2, size_hint=(None, None), size=(220, 90))
    stage.app.root.add_widget(label)
    stage.settle(2)
    return label
