"""The rehearsals once more, each machine's relay behind the bridge and the law of a machine-side board."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access.facts import FaultCleared
from access.machines import Output
from access.vocabulary import Fault
from controller.journal_row import Stamped
from firmware_bridge.output import Conversation
from firmware_bridge.registers import HOLD_MS, State
from firmware_bridge.session import Order
from firmware_bridge.simulated import SimulatedBoard
from lisiere.rehearse.expect import judge
from lisiere.rehearse.play import play
from lisiere.rehearse.reading import read
from lisiere.rehearse.script import Script
from lisiere.world.bench import Bench

HOUSE = Path(__file__).parent.parent.parent
EXAMPLES = sorted((HOUSE / "examples" / "rehearsals").glob("*.toml"))
OWN = sorted((Path(__file__).parent / "rehearsals").glob("*.toml"))
SHARED = sorted((HOUSE.parent / "shared" / "rehearsals").glob("*.toml"))
TELLING = ("board", "weld", "kill", "hang", "estop", "emergency", "power-cut")
"""What the name of a rehearsal has in it that is about the output; the others are for the long tests."""
EVERY_MS = 400
"""Of the renewals, ten a second, every fourth is written: with those between them nothing would change."""


class BridgedOutput:
    """What `SimulatedOutput` is, said through a conversation with a simulated board."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._ms = now()
        self._weld = False
        self.board = SimulatedBoard(lambda: self._ms)
        self._talk = Conversation(self.board, lambda: self._ms)

    def switch_on(self) -> None:
        """The bridge has looked shortly before, as it does twenty times a second."""
        self._ms = self._now()
        with suppress(OSError):
            self._talk.look()
            self._talk.obey(Order(True, self._ms))
        self.board.weld(self.welded or (self._weld and self.held))

    def switch_off(self) -> None:
        """Let go."""
        self._ms = self._now()
        with suppress(OSError):
            self._talk.let_go()

    def renewed_at(self, ms: int) -> None:
        """Renewals came until that instant."""
        while self._ms < ms:
            self._ms = min(ms, self._ms + EVERY_MS)
            with suppress(OSError):
                self._talk.obey(Order(False, self._ms))
                self._talk.look()

    def clear(self) -> None:
        """A technician has cleared a weld at the unit."""
        self._ms = self._now()
        self._talk.clear()

    def weld(self, welded: bool) -> None:
        """Weld the contact, or free it; a weld of an open contact takes effect at its next closing."""
        self._weld = welded
        self.board.weld(welded and self.live)

    @property
    def live(self) -> bool:
        """Whether the machine has power."""
        self._ms = self._now()
        return self.board.live

    @property
    def held(self) -> bool:
        """Whether the board keeps its relay closed."""
        self._ms = self._now()
        return self.board.live and self.board.state is State.CLOSED

    @property
    def welded(self) -> bool:
        """Whether the contact is stuck."""
        return self.board.welded


class BoardBench(Bench):
    """A bench whose relay is on a board, with everything that goes there in a real unit."""

    output: Any

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.output = BridgedOutput(lambda: self._schedule.ms)

    def estop(self, pressed: bool) -> None:
        """The stop is wired to the board too."""
        super().estop(pressed)
        self.output.board.estop(pressed)

    def weld(self, welded: bool) -> None:
        """The contact as it now is, with the renewals that have come."""
        self.catch_up()
        super().weld(welded)

    def lose_board(self, lost: bool) -> None:
        """The cable is pulled, or put back."""
        super().lose_board(lost)
        self.output.board.unplug(lost)

    def _told(self, stamped: Stamped) -> None:
        if stamped.fact == FaultCleared(Fault.RELAY_WELDED):
            self.output.clear()
        super()._told(stamped)


def files() -> list[object]:
    """All rehearsals; those that say little about an output are long."""
    others = [*OWN, *SHARED]
    long = [path for path in others if not any(word in path.stem for word in TELLING)]
    return [*EXAMPLES, *(pytest.param(path, marks=pytest.mark.long if path in long else ()) for path in others)]


def on_boards(path: Path) -> Script:
    """A rehearsal whose machines are all on boards."""
    script = read(path)
    return replace(script, machines=tuple(replace(machine, output=Output.BOARD) for machine in script.machines))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_rehearsal_is_the_same_on_a_board(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the bridge and a board every record is what it is on the plain output, and every expectation holds."""
    script = on_boards(path)
    if script.policy.hold_seconds * 1000 > HOLD_MS:
        pytest.skip("a board holds for half a second, whatever the policy allows")
    plain = play(script)
    monkeypatch.setattr("lisiere.world.site.Bench", BoardBench)
    bridged = play(script)
    assert bridged == plain
    assert [v.why for v in (judge(e, bridged) for e in script.expectations) if not v.held] == []
