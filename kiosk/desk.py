"""The kiosk without its widgets: the one owner of the session and of what is known of the units.

Its inbox may be filled from any thread; everything else is the frame loop's.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from queue import Empty, SimpleQueue

from access.vocabulary import Reason
from controller.link import UnitAnswer, UnitState, WalkUp
from kiosk import session as steps
from kiosk.ports import Clock, Directory, Link, Reader
from kiosk.session import EMPTY, Session, Stage
from kiosk.status import Scene, Seen, View, hear, sheet, view
from kiosk.words import Catalogue, Say, what_and_do

IDLE_S = 45
"""After this long without a touch or a badge the board is back."""
SUCCESS_S = 8
"""How long a success stays on the screen."""
NOTICE_S = 15
"""How long the board tells somebody what is wrong with their badge."""
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
        say: Say | None = None,
        draw: Callable[[], str] = draw_id,
    ) -> None:
        self._links = links
        self._directory = directory
        self._reader = reader
        self._clock = clock
        self._say = say or Catalogue()
        self._draw = draw
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._seen: dict[str, Seen] = {}
        self._reader_lost = False
        self._touched_at = clock.monotonic()
        self.session: Session = EMPTY
        self._news = 0
        self._known: object = None
        self._view: View | None = None

    def start(self) -> None:
        """Begin to listen to the units and to the reader."""
        for machine, link in self._links.items():
            link.watch(self._ear(machine))
        self._reader.start(
            lambda tag: self._post(lambda: self.badge(tag)),
            lambda lost: self._post(lambda: self._note_reader(lost)),
        )

    def close(self) -> None:
        """Stop listening."""
        self._reader.close()
        for link in self._links.values():
            link.close()

    def turn(self) -> View:
        """One turn of the frame loop: what came in, what is over, what is to be shown."""
        self._read_inbox()
        self._look_at_the_clock()
        self._look_at_the_site()
        if self.session.complete:
            self._ask()
            self._read_inbox()
        known = self.session, self._news, int(self._clock.monotonic() * LOOKS_A_SECOND)
        if self._view is None or known != self._known:
            self._view, self._known = view(self.session, self.scene()), known
        return self._view

    def scene(self) -> Scene:
        """What is known now."""
        site = self._directory.site()
        monotonic = self._clock.monotonic()
        for post in site.posts:
            self._seen.setdefault(post.machine.id, Seen(heard_at=monotonic))
        return Scene(site, self._seen, self._clock.now(), monotonic, self._say, self._reader_lost)

    # What people do

    def badge(self, tag: str) -> None:
        """A badge was shown to the kiosk's reader."""
        self._awake()
        owner = self._directory.site().owner(tag)
        if owner is None or owner[1].revoked:
            reason = Reason.BADGE_UNKNOWN if owner is None else Reason.BADGE_REVOKED
            self._step(Session(notice=what_and_do(self._say, reason)))
        else:
            self._step(steps.badge_shown(self.session, owner[0]))

    def touch_machine(self, machine: str) -> None:
        """A machine's tile was touched."""
        self._awake()
        self._step(steps.machine_touched(self.session, machine, self._draw))

    def touch_minutes(self, minutes: float) -> None:
        """An end time was touched."""
        self._awake()
        self._step(steps.minutes_touched(self.session, minutes))

    def touch_again(self) -> None:
        """The same is to be asked once more."""
        self._awake()
        self._step(steps.again(self.session))

    def touch_back(self) -> None:
        """One step back was asked for."""
        self._awake()
        self._step(steps.back(self.session, self._draw))

    def touch(self) -> None:
        """The screen was touched somewhere: somebody is there."""
        self._awake()

    # What comes in

    def _ear(self, machine: str) -> Callable[[UnitState | None], None]:
        return lambda state: self._post(lambda: self._hear(machine, state))

    def _post(self, what: Callable[[], None]) -> None:
        self._inbox.put(what)

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

    def _step(self, session: Session) -> None:
        self.session = session

    def _awake(self) -> None:
        self._touched_at = self._clock.monotonic()

    def _look_at_the_clock(self) -> None:
        idle = self._clock.monotonic() - self._touched_at
        if self.session.notice is not None and idle >= NOTICE_S:
            self._step(replace(self.session, notice=None))
        if self.session.stage is not Stage.ASKING and idle >= self._patience():
            self._step(EMPTY)

    def _look_at_the_site(self) -> None:
        """A machine that is taken off the list while somebody looks at it leads back to the board."""
        machines = {post.machine.id for post in self._directory.site().posts}
        if self.session.machine is not None and self.session.machine not in machines:
            self._step(EMPTY)

    def _patience(self) -> float:
        if self.session.stage is Stage.ANSWERED and self._promise_kept():
            return self.session.answered_at - self._touched_at + SUCCESS_S
        return IDLE_S

    def _promise_kept(self) -> bool:
        """True when the result on the screen is a success that needs nothing more from anybody."""
        assert self.session.machine is not None
        result = sheet(self.session, self.session.machine, self.scene()).result
        return result is not None and result.good is True

    def _ask(self) -> None:
        """Have the unit asked, once; a silent one too, for it may be back by now."""
        person, machine, minutes = self.session.person, self.session.machine, self.session.minutes
        assert person is not None and machine is not None and minutes is not None
        self._step(steps.asked(self.session))
        request = self.session.request
        link = self._links.get(machine)
        if link is None:  # a machine that the twin has added since this kiosk was set up
            self._answered(request, None)
            return
        link.ask(
            WalkUp(request, person.member.id, minutes, power=True),
            lambda answer: self._post(lambda: self._answered(request, answer)),
        )

    def _answered(self, request: str, answer: UnitAnswer | None) -> None:
        self._step(steps.answered(self.session, request, answer, self._clock.monotonic()))
