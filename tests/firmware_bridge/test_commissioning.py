"""The guided test, on a simulated board with a person who answers."""

from collections.abc import Callable

import pytest

from firmware_bridge.session import Reading
from firmware_bridge.simulated import SimulatedBoard
from lisiere.board.command import command
from lisiere.board.commissioning import Bench, Finding, commission


class Backwards(SimulatedBoard):
    """A board whose feedback is wired backwards."""

    def read(self) -> Reading:
        said = super().read()
        return Reading(said.state, said.reason, said.sequence, not said.contact, said.estop, said.amps)


class Person:
    """Passes the time, presses the stop when told to, and answers the last question."""

    def __init__(self, kind: Callable[[Callable[[], int]], SimulatedBoard], answer: str = "yes") -> None:
        self.now = 0
        self.board = kind(lambda: self.now)
        self._answer = answer

    def ask(self, question: str) -> str:
        """Answer."""
        self.board.estop("press the emergency stop" in question)
        return self._answer

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1000)

    def findings(self) -> list[Finding]:
        """What the test found."""
        return list(commission(Bench(self.board, self.ask, lambda: self.now, self.sleep)))


def test_a_good_machine_passes() -> None:
    """A machine that is wired as it should be passes every step, and is dead at the end."""
    person = Person(SimulatedBoard)
    findings = person.findings()
    assert all(finding.passed for finding in findings) and len(findings) == 9
    assert not person.board.live


def test_backward_feedback_is_refused_before_anything_closes() -> None:
    """A machine whose feedback is wired backwards is refused while its relay is still open."""
    person = Person(Backwards)
    findings = person.findings()
    assert not findings[-1].passed and "backwards" in findings[-1].advice
    assert person.board.holds == 0


def test_an_untested_no_volt_release_is_no_pass() -> None:
    """Whoever has not tested the machine's no-volt release does not get through."""
    assert not Person(SimulatedBoard, answer="no").findings()[-1].passed


def test_a_port_that_is_not_there_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says what is wrong with its port, and ends with 1."""
    assert command(["/dev/no-such-port", "status"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
