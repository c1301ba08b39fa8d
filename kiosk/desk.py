"""The kiosk without its widgets: the one owner of the session and of what is known of the units.

Its inbox may be filled from any thread; everything else is the frame loop's.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from queue import Empty, SimpleQueue

from controller.link import Ask, Rate, UnitAnswer, UnitState, WalkUp
from kiosk import deeds
from kiosk import session as steps
from kiosk.asks import ask_of
from kiosk.deeds import Deed
from kiosk.errands import Errands
from kiosk.languages import catalogue
from kiosk.ports import Clock, Directory, Link, Office, Reader, Writer
from kiosk.session import EMPTY, Session, Stage
from kiosk.starts import Starts
from kiosk.team import Team, laid
from kiosk.views import Shown, view
from kiosk.views.comfort import comfort_key
from kiosk.views.result import UNDO_S
from kiosk.views.scene import Scene, Seen, hear
from kiosk.views.sheet import sheet
from kiosk.views.why import why_no_badge
from kiosk.words import Say

IDLE_S = 45
"""After this long without a touch or a badge the screen warns that the board is coming back."""
WARN_S = 20
"""How long it warns; one touch anywhere and the person has their time again."""
SUCCESS_S = UNDO_S
"""How long a success stays on the screen, and may be taken back."""
NOTICE_S = 15
"""How long the board tells somebody what is wrong with their badge."""
RESUME_S = 300
"""Who badges again within this time goes on where they were."""
LOOKS_A_SECOND = 4
"""How often the view is worked out afresh when nothing came in."""


def draw_id() -> str:
    """A new booking's id: no two kiosks ever draw the same."""
    return f"kiosk-{uuid.uuid4().hex}"


class Desk:
    """What has been said and touched, and what is to be shown."""

    def __init__(
        self,
        links: Mapping[str, Link],
        directory: Directory,
        reader: Reader,
        clock: Clock,
        say: Callable[[str], Say] = catalogue,
        draw: Callable[[], str] = draw_id,
        office: Office | None = None,
        writer: Writer | None = None,
    ) -> None:
        self._links = links
        self._directory = directory
        self._reader = reader
        self._clock = clock
        self._say = say
        self._draw = draw
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._seen: dict[str, Seen] = {}
        self._reader_lost = False
        self._touched_at = clock.monotonic()
        self._left: tuple[Session, float] = EMPTY, 0.0
        self.session: Session = EMPTY
        self._news = 0
        self._known: object = None
        self._shown: Shown | None = None
        self._badge = ""
        self._starts = Starts(self._ask_back)
        self._errands = Errands(office, writer, clock, draw, self._send, self._change_team)

    def start(self) -> None:
        """Begin to listen to the units and to the reader."""
        for machine, link in self._links.items():
            link.watch(self._ear(machine))
        self._reader.start(
            lambda tag: self.post(lambda: self.badge(tag)),
            lambda lost: self.post(lambda: self._note_reader(lost)),
        )

    def close(self) -> None:
        """Stop listening; what was given back is given back now."""
        self._step(EMPTY)
        self._errands.close()
        self._reader.close()
        for link in self._links.values():
            link.close()

    def turn(self) -> Shown:
        """One turn of the frame loop: what came in, what is over, what is to be shown."""
        self._read_inbox()
        self._look_at_the_clock()
        self._look_at_the_site()
        if self.session.complete:
            self._ask()
            self._read_inbox()
        self._look_at_the_starts()
        self._look_at_the_team()
        known = self.session, self._news, int(self._clock.monotonic() * LOOKS_A_SECOND)
        if self._shown is None or known != self._known:
            self._shown, self._known = self._look(), known
        return self._shown

    def scene(self) -> Scene:
        """What is known now."""
        site = self._directory.site()
        monotonic = self._clock.monotonic()
        for post in site.posts:
            self._seen.setdefault(post.machine.id, Seen(heard_at=monotonic))
        say = self._say(self.session.language)
        return Scene(site, self._seen, self._clock.now(), monotonic, say, self._reader_lost, self._starts.known)

    def _look(self) -> Shown:
        session, scene = self.session, self.scene()
        left = IDLE_S + WARN_S - self._idle()
        warned = self._may_end() and left <= WARN_S
        warning = scene.say("idle.warning", seconds=max(1, round(left))) if warned else ""
        ease = session.ease
        shown = view(session, scene)
        keys = (comfort_key(scene),) if warned else ()
        return Shown(shown, session.language, ease.contrast, ease.spoken, warning, scene.site.colour, keys)

    # What people do

    def badge(self, tag: str) -> None:
        """A badge was shown to the kiosk's reader."""
        self.touch()
        owner = self._directory.site().owner(tag)
        if self.session.team is not None and self.session.team.lending:
            self._lend(self.session.team, tag, owner is not None and owner[1].until is None)
            return
        notice = why_no_badge(owner[1] if owner is not None else None, self.scene())
        if owner is None or notice is not None:
            self._step(Session(ease=self.session.ease, notice=notice))
            return
        left, at = self._left
        again = left.person == owner[0] and self._clock.monotonic() - at < RESUME_S
        fresh = self.session == EMPTY or self.session.notice is not None
        self._left, self._badge = (EMPTY, 0.0), tag
        self._step(left if again and fresh else steps.badge_shown(self.session, owner[0]))

    def do(self, deed: Deed) -> None:
        """Something was touched."""
        self.touch()
        before = self.session
        after = steps.do(before, deed, self._draw, self._clock.now(), self._clock.monotonic())
        self._step(after, undone=deed == deeds.Undo())
        self._tell_of(deed, before)

    def touch(self) -> None:
        """The screen was touched somewhere: somebody is there."""
        self._touched_at = self._clock.monotonic()

    # What comes in

    def post(self, what: Callable[[], None]) -> None:
        """Have something done at the next turn; from any thread."""
        self._inbox.put(what)

    def _ear(self, machine: str) -> Callable[[UnitState | None], None]:
        return lambda state: self.post(lambda: self._hear(machine, state))

    def _read_inbox(self) -> None:
        while True:
            try:
                what = self._inbox.get_nowait()
            except Empty:
                return
            what()
            self._news += 1

    def _hear(self, machine: str, state: UnitState | None) -> None:
        now = self._clock.monotonic()
        self._seen[machine] = hear(self._seen.get(machine, Seen()), state, now)

    def _note_reader(self, lost: bool) -> None:
        self._reader_lost = lost

    # What happens by itself

    def _step(self, session: Session, undone: bool = False) -> None:
        """The next session. What was being given back is given back for good, unless it was undone."""
        former, self.session = self.session, session
        if former.stage is Stage.LEAVING and session.stage is not Stage.LEAVING and not undone:
            assert former.machine is not None
            self._send(former.machine, self._message(former), lambda answer: None)

    def _look_at_the_clock(self) -> None:
        session, monotonic = self.session, self._clock.monotonic()
        if session.notice is not None and self._idle() >= NOTICE_S:
            self._step(replace(session, notice=None))
        if session.stage is Stage.LEAVING and monotonic - session.since >= UNDO_S:
            self.session = replace(session, stage=Stage.CHOOSING)
        if self._may_end() and self._idle() >= IDLE_S + WARN_S or self._promise_kept():
            self._leave()

    def _may_end(self) -> bool:
        waiting = self.session.stage in (Stage.ASKING, Stage.LEAVING)
        return not waiting and replace(self.session, notice=None) != EMPTY

    def _leave(self) -> None:
        """The board again; who comes back soon goes on with what they had begun."""
        if self.session.stage is Stage.CHOOSING and self.session.person is not None:
            self._left = replace(self.session, page=None, team=None), self._clock.monotonic()
        self._step(EMPTY)

    def _idle(self) -> float:
        return self._clock.monotonic() - self._touched_at

    def _look_at_the_team(self) -> None:
        """What the team asks for is begun; what comes of it at once is shown at once."""
        before = self.session.team
        after = self._errands.look(before, self._badge, self._directory.site())
        if after is not before:
            self.session = replace(self.session, team=after)
        self._read_inbox()

    def _change_team(self, change: Callable[[Team], Team]) -> None:
        self.post(lambda: self._with_team(change))

    def _with_team(self, change: Callable[[Team], Team]) -> None:
        if self.session.team is not None:
            self.session = replace(self.session, team=change(self.session.team))

    def _lend(self, team: Team, tag: str, own: bool) -> None:
        """A badge was laid down to be lent, not to be greeted."""
        lent = laid(team, tag, own, self._draw(), self._clock.monotonic())
        self._step(replace(self.session, team=lent))

    def _look_at_the_site(self) -> None:
        """A machine that is taken off the list while somebody looks at it leads back to the board."""
        machines, team = {post.machine.id for post in self._directory.site().posts}, self.session.team
        looked_at = {self.session.machine, *((team.machine or None, *team.picked) if team else ())} - {None}
        if not looked_at <= machines:
            self._step(EMPTY)

    def _promise_kept(self) -> bool:
        """True when the result has long been a success that needs nothing more from anybody."""
        session = self.session
        since = self._clock.monotonic() - max(session.since, self._touched_at)
        if session.stage is not Stage.ANSWERED or session.page is not None or since < SUCCESS_S:
            return False
        assert session.machine is not None
        result = sheet(session, session.machine, self.scene()).result
        return result is not None and result.good is True

    # What is asked of the units

    def _ask(self) -> None:
        """Have the unit asked, once; a silent one too, for it may be back by now."""
        machine, message = self.session.machine, self._message(self.session)
        assert machine is not None
        self._step(steps.asked(self.session))
        request = self.session.request
        if isinstance(message, WalkUp) and not self._directory.site().post(machine).machine.hazardous:
            self._starts.asked(machine, request, self._clock.monotonic())
        self._send(machine, message, lambda answer: self.post(lambda: self._answered(request, answer)))

    def _ask_back(self, machine: str, message: Ask, answered: Callable[[UnitAnswer | None], None]) -> None:
        """Ask for nobody on the screen; the answer comes on the frame loop."""
        self._send(machine, message, lambda answer: self.post(lambda: answered(answer)))

    def _look_at_the_starts(self) -> None:
        """A machine that was taken has power in time, or is given back."""
        if self._starts.look(self._seen, self.session.request, self._clock.monotonic()):
            self._news += 1
            self._read_inbox()

    def _message(self, session: Session) -> Ask:
        assert session.wish is not None
        member = session.person.member.id if session.person is not None else None
        return ask_of(session.wish, member, session.request, self._elsewhere(session.machine, member))

    def _elsewhere(self, machine: str | None, member: str | None) -> int:
        """How many bookings this member has to come on other machines."""
        now = self._clock.now()
        others = [seen.state for id, seen in self._seen.items() if id != machine and seen.state is not None]
        return sum(b.live and b.member == member and b.start > now for state in others for b in state.bookings)

    def _send(self, machine: str, message: Ask, answered: Callable[[UnitAnswer | None], None]) -> None:
        link = self._links.get(machine)
        if link is None:  # a machine that the twin has added since this kiosk was set up
            answered(None)
        else:
            link.ask(message, answered)

    def _answered(self, request: str, answer: UnitAnswer | None) -> None:
        self._starts.answered(request, answer)
        self._step(steps.answered(self.session, request, answer, self._clock.monotonic()))

    def _tell_of(self, deed: Deed, before: Session) -> None:
        """How it went is for the unit's journal; nobody waits for it, and nobody is named."""
        survey, machine = self._directory.site().survey, before.machine
        if before.stage is not Stage.ANSWERED or machine is None:
            return
        match deed:
            case deeds.Rate(face) if not before.rated:
                self._send(machine, Rate(face), lambda answer: None)
            case deeds.Reply(place) if survey is not None and not before.replied:
                answer = survey.answers[place]
                self._send(machine, Rate(0, survey.question, answer), lambda answer: None)
