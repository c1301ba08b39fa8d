"""Which way a line is read. `right_to_left` holds for all widgets that are made after it was set."""

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

right_to_left = False


def use(leftwards: bool) -> None:
    """From now on lines are read from right to left, or from left to right."""
    global right_to_left
    right_to_left = leftwards


def side(name: str) -> str:
    """`start`, `middle` or `end` of a line, as left, center or right."""
    sides = ("right", "center", "left") if right_to_left else ("left", "center", "right")
    return dict(zip(("start", "middle", "end"), sides, strict=True))[name]


class Row(BoxLayout):
    """Things side by side, the first where reading begins."""

    def add_widget(self, widget: Widget, index: int = 0, canvas: object = None) -> None:
        """Kivy lays the children out from the last to the first: mirrored, a new one goes to the far end."""
        super().add_widget(widget, len(self.children) if right_to_left else index, canvas)
