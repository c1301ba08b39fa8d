"""Make the kiosk's two font files again: Noto Sans and Noto Sans Arabic, cut to what its languages write, as one.

    apt-get install fonts-noto-core && python tools/kiosk_fonts.py

Kivy takes one file a weight and falls back to no other, and the screen mixes scripts in one line.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools import merge, subset
from fontTools.ttLib import TTFont

SOURCES = Path("/usr/share/fonts/truetype/noto")
TARGET = Path(__file__).parent.parent / "kiosk" / "fonts"
NAME = "Lisiere Sans"
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180), 0x1E9E, *range(0x2010, 0x2027), 0x202F, 0x2039, 0x203A, 0x20AC]
ARABIC = [*range(0x60C, 0x66E), 0x671, *range(0xFE70, 0xFF00)]
ASCENT, DESCENT = 0.97, -0.42
"""Of the em: tight enough for a screen, and nothing of the above is cut (a test looks)."""


def main() -> None:
    """Write both weights."""
    TARGET.mkdir(exist_ok=True)
    for weight in ("Regular", "Bold"):
        with TemporaryDirectory() as folder:
            parts = [
                _cut(f"NotoSans-{weight}.ttf", LATIN, Path(folder)),
                _cut(f"NotoSansArabic-{weight}.ttf", ARABIC, Path(folder)),
            ]
            font = merge.Merger().merge([str(part) for part in parts])
            _name(font, weight)
            _space(font)
            font.save(TARGET / f"LisiereSans-{weight}.ttf")


def _cut(file: str, characters: list[int], folder: Path) -> Path:
    """A font with these characters only; shaping is done before, so its own tables for it may go."""
    options = subset.Options(layout_features=["kern"], notdef_outline=True, hinting=False, drop_tables=["meta"])
    font = subset.load_font(str(SOURCES / file), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    cut = folder / file
    font.save(cut)
    return cut


def _name(font: TTFont, weight: str) -> None:
    """Its own name: what was changed may not bear the old one."""
    names = {1: NAME, 2: weight, 3: f"{NAME} {weight}", 4: f"{NAME} {weight}", 6: f"LisiereSans-{weight}"}
    for record in list(font["name"].names):
        if record.nameID in names:
            font["name"].setName(
                names[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID
            )


def _space(font: TTFont) -> None:
    em = font["head"].unitsPerEm
    ascent, descent = round(ASCENT * em), round(DESCENT * em)
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = ascent, descent, 0
    font["OS/2"].usWinAscent, font["OS/2"].usWinDescent = ascent, -descent
    font["OS/2"].sTypoAscender, font["OS/2"].sTypoDescender, font["OS/2"].sTypoLineGap = ascent, descent, 0
    font["head"].created = font["head"].modified = 0


if __name__ == "__main__":
    main()
