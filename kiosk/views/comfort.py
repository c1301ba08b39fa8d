"""How one wants to be spoken to: languages by their own names, high contrast, the spoken mode."""

from dataclasses import dataclass

from kiosk.deeds import Back, Contrast, Open, Page, Speak, Voice
from kiosk.languages import LANGUAGES
from kiosk.session import Session
from kiosk.views.scene import Choice, Scene


@dataclass(frozen=True, slots=True)
class Comfort:
    """The page."""

    title: str
    choices: tuple[Choice, ...]
    keys: tuple[Choice, ...]


def comfort(session: Session, scene: Scene) -> Comfort:
    """All there is to choose, with what is chosen now."""
    say, ease = scene.say, session.ease
    languages = [
        Choice(Speak(code), language.name, chosen=code == session.language) for code, language in LANGUAGES.items()
    ]
    contrast = Choice(Contrast(), say("comfort.contrast"), sign="contrast", chosen=ease.contrast)
    voice = Choice(Voice(), say("comfort.voice"), sign="voice", chosen=ease.spoken)
    return Comfort(say("comfort.title"), (*languages, contrast, voice), (Choice(Back(), say("sheet.back")),))


def comfort_key(scene: Scene) -> Choice:
    """The key that opens the page; it is on every screen."""
    return Choice(Open(Page.COMFORT), scene.say("comfort.key"), sign="comfort")
