"""Bring the kiosk's catalogues up to what its French says now, by Babel; see docs/kiosk.md.

    python tools/kiosk_words.py

A sentence that is new stands untranslated in every language, and the tests say so; one that is gone goes.
"""

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from kiosk.languages import FOLDER, FRENCH, LANGUAGES
from kiosk.words import SOURCE


def template() -> Catalog:
    """Every French sentence once, with the ids that say it."""
    catalog = Catalog(project="Lisière kiosk", fuzzy=False)
    for id, french in SOURCE.items():
        catalog.add(french, auto_comments=[id], flags=["python-brace-format"] if "{" in french else [])
    return catalog


def main() -> None:
    """Rewrite each language's file."""
    for language in LANGUAGES:
        if language == FRENCH:
            continue
        path = FOLDER / language / "LC_MESSAGES" / "kiosk.po"
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
        catalog.update(template(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalog, width=116, omit_header=False, no_location=True)


if __name__ == "__main__":
    main()
