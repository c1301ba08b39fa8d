"""What can be touched: machines, choices, one's own bookings, and how they are laid out without scrolling."""

from pathlib import Path

from kivy.graphics import Color, Mesh, Rectangle
from kivy.lang import Builder
from kivy.metrics import mm
from kivy.properties import ColorProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.widget import Widget

from kiosk import cloth, colours, direction, signs, writing  # noqa: F401  # their widgets are used by the rules
from kiosk.deeds import Back, Deed, Pick
from kiosk.direction import Row
from kiosk.views.own import Entry
from kiosk.views.scene import Choice
from kiosk.writing import narrowest, smallest

GAP_MM = 3.0
"""Between two keys: a finger that is beside one is on none."""
ENTRY_MM = (92.0, 20.0)
CHOICE_MM = (21.0, 20.0)
TALLEST_MM = 46.0
SIDE_MM = 1.0
"""What is left free at both sides of a key's words."""

_NO_CHOICE = Choice(Back(), "")
_NO_ENTRY = Entry(Pick(""), "", "", ())


class Key(ButtonBehavior, Row):
    """Something to touch: a face that darkens under the finger.

    It acts when the finger is lifted, and only as what it said when the finger came: another screen may be there.
    """

    face = ColorProperty((1, 1, 1, 1))
    edge = ColorProperty((0, 0, 0, 1))
    desk = ObjectProperty(None, allownone=True)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._meant: Deed | None = None
        with self.canvas.before:
            self._edge_colour = Color()
            self._edge = Mesh(indices=(0, 1, 2, 3, 4, 5, 6, 7, 0, 1), mode="triangle_strip")
            self._face_colour = Color()
            self._face = Rectangle()
        self.bind(pos=self._place, size=self._place)
        self.bind(face=self._dye, edge=self._dye, state=self._dye)
        self._place()
        self._dye()

    @property
    def deed(self) -> Deed | None:
        """What touching it does now; None: nothing that the desk hears of."""
        return None

    def on_press(self) -> None:
        """A finger came down."""
        self._meant = self.deed

    def on_release(self) -> None:
        """Do it."""
        deed = self.deed
        if deed is not None and deed == self._meant:
            self.desk.do(deed)

    def _place(self, *_: object) -> None:
        """An edge of two pixels, and the face within it: nothing is drawn twice."""
        left, foot = round(self.x), round(self.y)
        right, top = left + round(self.width), foot + round(self.height)
        corners = ((left, foot, 1, 1), (right, foot, -1, 1), (right, top, -1, -1), (left, top, 1, -1))
        flat = [part for x, y, in_x, in_y in corners for part in (x, y, 0, 0, x + 2 * in_x, y + 2 * in_y, 0, 0)]
        self._edge.vertices = flat
        self._face.pos, self._face.size = (left + 2, foot + 2), (right - left - 4, top - foot - 4)

    def _dye(self, *_: object) -> None:
        """Under a finger the face darkens; one that is dark already, lightens."""
        self._edge_colour.rgba = self.edge
        red, green, blue, _ = self.face
        lift = 0.14 if red + green + blue < 0.6 else 0.0
        down = self.state == "down"
        self._face_colour.rgb = [part * 0.86 + lift if down else part for part in (red, green, blue)]


class ChoiceKey(Key):
    """Something to choose, with its sign. In the middle of a screen it is written large.

    `lead`: how much of the room its first words take, against those under them.
    """

    choice = ObjectProperty(_NO_CHOICE, rebind=True)
    ink = ColorProperty((0, 0, 0, 1))
    soft = ColorProperty((0, 0, 0, 1))
    large = NumericProperty(5.0)
    lead = NumericProperty(1.0)
    margin = NumericProperty(0)

    def on_choice(self, _: object, choice: Choice) -> None:
        """What is chosen, or wanted most, is dyed."""
        palette = colours.now
        dyed = choice.chosen or choice.main
        self.face = palette.main if dyed else palette.card
        self.edge = palette.main if dyed or not isinstance(choice.deed, Back) else palette.edge
        self.ink = palette.on_main if dyed else palette.main if self.large > 6 else palette.ink
        self.soft = palette.on_main if dyed else palette.soft

    @property
    def deed(self) -> Deed:
        """What was chosen."""
        choice: Choice = self.choice
        return choice.deed


class EntryRow(Row):
    """A run or a booking of one's own: touch it to see more, or do at once what is wanted most."""

    entry = ObjectProperty(_NO_ENTRY, rebind=True)
    desk = ObjectProperty(None, allownone=True)


class EntryCard(Key):
    """The words of an entry."""

    entry = ObjectProperty(_NO_ENTRY, rebind=True)

    @property
    def deed(self) -> Deed:
        """Open it."""
        entry: Entry = self.entry
        return entry.deed


def columns_and_rows(
    number: int, room: tuple[float, float], least: tuple[float, float], gap: float = GAP_MM
) -> tuple[int, int]:
    """How many stand side by side and one above another, for so many in so much room (in mm)."""
    most_columns = max(1, int((room[0] + gap) // (least[0] + gap)))
    most_rows = max(1, int((room[1] + gap) // (least[1] + gap)))
    rows = min(most_rows, max(-(-number // most_columns), 2 if number > 4 else 1))
    return max(1, min(most_columns, -(-number // rows))), rows


class Grid(Widget):
    """All that fit, the rest on further pages: a finger that scrolls is a finger that misses.

    `kind` is the widget made for each of `items`, and `slot` the name of its property that takes the item. One that
    is not needed any more is emptied and kept: to make a key takes as long as to draw a screen of them.
    """

    items = ObjectProperty(())
    page = NumericProperty(0)
    pages = NumericProperty(1)
    desk = ObjectProperty(None, allownone=True)
    kind: type[Widget]
    slot: str
    least: tuple[float, float]
    tallest = TALLEST_MM
    gap = GAP_MM
    least_columns = 1

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._spare: list[Widget] = []
        self.bind(pos=self._lay_out, size=self._lay_out, items=self._lay_out, page=self._lay_out)

    def turn_page(self) -> None:
        """The next page, or the first again."""
        self.page = (self.page + 1) % self.pages

    def _lay_out(self, *_: object) -> None:
        columns, rows = self.columns_and_rows()
        self.pages = max(1, -(-len(self.items) // (columns * rows)))
        self.page = min(self.page, self.pages - 1)
        shown = self.items[self.page * columns * rows :][: columns * rows]
        self._have(len(shown))
        for place, (widget, item) in enumerate(zip(reversed(self.children), shown, strict=True)):
            self._put(widget, place, columns, rows)
            setattr(widget, self.slot, item)

    def columns_and_rows(self) -> tuple[int, int]:
        """How many stand side by side, and one above another."""
        room = self.width / mm(1), self.height / mm(1)
        return columns_and_rows(len(self.items), room, self.least, self.gap)

    def _have(self, number: int) -> None:
        while len(self.children) > number:
            widget = self.children[0]
            self.remove_widget(widget)
            setattr(widget, self.slot, widget.property(self.slot).defaultvalue)
            self._spare.append(widget)
        while len(self.children) < number:
            self.add_widget(self._spare.pop() if self._spare else self.kind(desk=self.desk))

    def _put(self, widget: Widget, place: int, columns: int, rows: int) -> None:
        gap, columns = round(mm(self.gap)), max(columns, self.least_columns)
        width = (round(self.width) - gap * (columns - 1)) // columns
        height = min((round(self.height) - gap * (rows - 1)) // rows, round(mm(self.tallest)))
        row, column = divmod(place, columns)
        if direction.right_to_left:
            column = columns - 1 - column
        widget.size = width, height
        widget.pos = round(self.x) + column * (width + gap), round(self.top) - height - row * (height + gap)


class EntryGrid(Grid):
    """One's own bookings, side by side where there is room."""

    kind, slot, least = EntryRow, "entry", ENTRY_MM


class LargeChoice(ChoiceKey):
    """A choice in the middle of a screen."""


class ChoiceGrid(Grid):
    """Choices in the middle of a screen."""

    kind, slot, least, tallest = LargeChoice, "choice", CHOICE_MM, 62.0
    least_columns = 2


class KeyBar(Row):
    """Choices at the edge of a screen, each as wide as it needs; those with a sign `signed_mm`."""

    choices = ObjectProperty(())
    desk = ObjectProperty(None, allownone=True)
    signed_mm = NumericProperty(24)

    def __init__(self, **properties: object) -> None:
        self._spare: list[ChoiceKey] = []
        super().__init__(**properties)

    def on_choices(self, *_: object) -> None:
        """As many keys as there are choices; the others are emptied and kept."""
        while len(self.children) > len(self.choices):
            key = self.children[0 if not direction.right_to_left else -1]
            self.remove_widget(key)
            key.choice = _NO_CHOICE
            self._spare.append(key)
        while len(self.children) < len(self.choices):
            self.add_widget(self._spare.pop() if self._spare else ChoiceKey(desk=self.desk, size_hint_x=None))
        keys = self.children if direction.right_to_left else reversed(self.children)
        for key, choice in zip(keys, self.choices, strict=True):
            key.choice = choice
            key.width = max(round(mm(self._usual_mm(choice))), _least_width(choice))
        gaps = max(0, len(self.choices) - 1) * self.spacing
        self.width = sum(key.width for key in self.children) + gaps

    def _usual_mm(self, choice: Choice) -> float:
        return self.signed_mm if choice.sign else 30 if choice.main or choice.caption else 24


def _least_width(choice: Choice) -> int:
    """So wide that its longest word is not cut, in pixels."""
    longest = [
        narrowest(words, bold, smallest()) for words, bold in ((choice.big, True), (choice.caption, False)) if words
    ]
    return max(longest, default=0) + 2 * int(mm(SIDE_MM) + 0.5)


class PageKey(Key):
    """Turns the pages of a grid; not there while there is only one."""

    word = StringProperty("")
    page = NumericProperty(0)
    pages = NumericProperty(1)
    grid = ObjectProperty(None, allownone=True)

    def on_release(self) -> None:
        """Turn the page; somebody is there."""
        self.desk.touch()
        self.grid.turn_page()


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
