"""The languages of the screen: French is the product's own, the others are gettext catalogues under `locale/`."""

import gettext
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kiosk.words import Catalogue

FOLDER = Path(__file__).with_name("locale")
FRENCH = "fr"


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its own name. `voice`: the engine's name of who speaks it."""

    name: str
    voice: str
    right_to_left: bool = False


LANGUAGES = MappingProxyType(
    {
        FRENCH: Language("Français", "fr-fr"),
        "de": Language("Deutsch", "de"),
        "en": Language("English", "en-gb"),
        "gsw_FR": Language("Elsässisch", "de"),  # no engine speaks it; the German voice is understood
        "tr": Language("Türkçe", "tr"),
        "ar": Language("العربية", "ar", right_to_left=True),
    }
)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalogue:
    """The words of a language; French for one that is not here."""
    if language == FRENCH or language not in LANGUAGES:
        return Catalogue()
    return Catalogue(translations(language).gettext, LANGUAGES[language].right_to_left)


def translations(language: str) -> gettext.GNUTranslations:
    """A catalogue, straight from its `.po` file: there is no compiled one that could be stale."""
    with (FOLDER / language / "LC_MESSAGES" / "kiosk.po").open("rb") as file:
        messages = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
