"""What a person sees after badging: what is theirs, then every machine, the usable ones first."""

from dataclasses import dataclass, replace

from access.people import Member
from kiosk.deeds import Back
from kiosk.ports import Person, Post
from kiosk.views.comfort import comfort_key
from kiosk.views.own import Entry, entry, owned
from kiosk.views.preview import OF_THE_MACHINE, PERSONAL, barrier
from kiosk.views.scene import Choice, Scene
from kiosk.views.team.keys import team_keys
from kiosk.views.tile import Look, Tile, tile
from kiosk.views.why import why


@dataclass(frozen=True, slots=True)
class MemberPage:
    """The page. `lead`: what to do; in its place `notice`: what keeps this person from every machine, and what to
    do about that."""

    hello: str
    lead: str
    entries: tuple[Entry, ...]
    tiles: tuple[Tile, ...]
    keys: tuple[Choice, ...]
    more: str = ""
    notice: tuple[str, str] | None = None


def member_page(person: Person, scene: Scene) -> MemberPage:
    """What a person may have, what is already theirs, and what may not be had, with why."""
    say, notice = scene.say, _barred_everywhere(person.member, scene)
    tiles = sorted((own_tile(post, person, scene) for post in scene.site.posts), key=_usefulness)
    return MemberPage(
        hello(person, scene),
        say("member.choose") if notice is None else "",
        tuple(entry(own, person, scene) for own in owned(person, scene)),
        tuple(tiles),
        (*team_keys(person, scene), comfort_key(scene), Choice(Back(), say("member.leave"))),
        say("more"),
        notice,
    )


def hello(person: Person, scene: Scene) -> str:
    """A greeting, by the first name."""
    name = person.first_name
    return scene.say("member.hello", name=name) if name else scene.say("member.hello_nameless")


def _barred_everywhere(member: Member, scene: Scene) -> tuple[str, str] | None:
    """What keeps this person from every machine, whatever it is; None when nothing does."""
    if not scene.site.posts:
        return None
    everywhere = [r for r in barrier(scene.site.posts[0], member, scene) if r in PERSONAL - OF_THE_MACHINE]
    return why(everywhere[0], scene.site.posts[0], member, scene) if everywhere else None


def own_tile(post: Post, person: Person, scene: Scene) -> Tile:
    """A machine as it stands for this person."""
    shown = replace(tile(post, scene), told=False)
    if shown.look in (Look.FREE, Look.BUSY, Look.RESERVED) and _theirs_now(post, person, scene):
        return replace(shown, look=Look.YOURS, word=scene.say("look.yours"))
    personal = [reason for reason in barrier(post, person.member, scene) if reason in PERSONAL]
    if not personal:
        return shown
    if personal[0] not in OF_THE_MACHINE:
        return replace(shown, barred=True)  # said once, above them all
    what, do = why(personal[0], post, person.member, scene)
    return replace(shown, what=what, do=do, barred=True, told=True)


def _theirs_now(post: Post, person: Person, scene: Scene) -> bool:
    here = [own for own in owned(person, scene) if own.post is post]
    return any(own.state is not None or own.booking and own.booking.covers(scene.now) for own in here)


def _usefulness(shown: Tile) -> int:
    """What is of use first; the order of the workshop within."""
    return 3 if shown.barred else {Look.YOURS: 0, Look.FREE: 1}.get(shown.look, 2)
