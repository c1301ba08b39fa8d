"""Carries what the team asks for to the twin, to the units and to the card desk, and brings the answers back."""

from collections.abc import Callable

from controller.link import Ask, Clear, UnitAnswer
from kiosk import lesson as classes
from kiosk import team as steps
from kiosk.lesson import Lesson
from kiosk.office import NotDone, Obstacle, OfficeAnswer, OfficeAsk, Writing
from kiosk.ports import Clock, Office, Site, Writer
from kiosk.team import Team

Change = Callable[[Callable[[Team], Team]], None]
"""Changes where the team stands, at the next turn and if they still stand anywhere; from any thread."""
Send = Callable[[str, Ask, Callable[[UnitAnswer | None], None]], None]
"""Asks the unit of a machine; the answer comes from any thread."""


class Errands:
    """What the desk has running for the team. Only the frame loop calls it."""

    def __init__(
        self,
        office: Office | None,
        writer: Writer | None,
        clock: Clock,
        draw: Callable[[], str],
        send: Send,
        change: Change,
    ) -> None:
        """Without an `office` the twin is away; without a `writer` this kiosk is no desk."""
        self._office = office
        self._writer = writer
        self._clock = clock
        self._draw = draw
        self._send = send
        self._change = change
        self._writing = False
        self._begun: set[tuple[str, bool]] = set()

    def look(self, team: Team | None, badge: str, site: Site) -> Team | None:
        """Begin what is to be done for them now; where they stand then."""
        self._mind_the_writer(team)
        if team is None:
            self._begun.clear()
            return None
        if team.lesson is not None:
            self._teach(team.lesson, site)
        if team.todo is None:
            return team
        todo = team.todo
        if isinstance(todo, Clear):
            self._send(team.machine, todo, lambda answer: self._answered(todo, answer))
        elif self._office is None:
            self._answered(todo, NotDone(Obstacle.AWAY))
        else:
            self._office.ask(badge, todo, lambda answer: self._answered(todo, answer))
        return steps.asked(team)

    def close(self) -> None:
        """Nothing is written and nothing asked any more."""
        self._mind_the_writer(None)
        if self._office is not None:
            self._office.close()

    def _answered(self, ask: OfficeAsk | Clear, answer: OfficeAnswer | UnitAnswer | None) -> None:
        self._change(lambda team: steps.answered(team, ask, answer, self._clock.monotonic()))

    # Cards

    def _mind_the_writer(self, team: Team | None) -> None:
        """A card is written while somebody stands on its page, and not a moment longer."""
        wanted = team is not None and team.writing
        if wanted == self._writing:
            return
        self._writing = wanted
        if not wanted:
            if self._writer is not None:
                self._writer.stop()
        elif self._writer is None:
            self._told(Obstacle.NO_DESK)
        else:
            self._writer.start(self._told)

    def _told(self, writing: Writing) -> None:
        def step(team: Team) -> Team:
            return steps.told(team, writing, self._draw(), self._clock.monotonic()) if team.writing else team

        self._change(step)

    # Classes

    def _teach(self, lesson: Lesson, site: Site) -> None:
        """Ask every machine of the class that has not been asked yet."""
        for part in lesson.parts:
            if (part.request, lesson.ending) not in self._begun and not part.settled:
                self._begun.add((part.request, lesson.ending))
                self._ask_part(part.machine, classes.first_ask(lesson, part, site.policy, self._clock.now()))

    def _ask_part(self, machine: str, ask: Ask) -> None:
        self._send(machine, ask, lambda answer: self._change(lambda team: self._heard(team, machine, answer)))

    def _heard(self, team: Team, machine: str, answer: UnitAnswer | None) -> Team:
        if team.lesson is None or machine not in {part.machine for part in team.lesson.parts}:
            return team
        lesson, more = classes.answered(team.lesson, machine, answer)
        if more is not None:
            self._ask_part(machine, more)
        return steps.with_lesson(team, lesson)
