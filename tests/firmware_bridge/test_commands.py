"""`lisiere board`: each of its words, on the board's own program over a pseudo-terminal or on a simulated one."""

import json
import os
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

from firmware_bridge.bridge import Kind
from firmware_bridge.calibration import Thresholds
from firmware_bridge.registers import INPUT
from firmware_bridge.session import Reading
from firmware_bridge.simulated import SimulatedBoard
from lisiere.board import command as tool
from lisiere.board.command import FUSES, command
from lisiere.cli import main
from tests.firmware_bridge import frames
from tests.firmware_bridge.lines import answering, be_patient, terminal
from tests.firmware_bridge.lockstep import ESTOP, Board
from tests.firmware_bridge.test_relay_board import METER, RelayLine

REST_A, WORK_A = 0.4, 2.2
PAUSE_S = 4.0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy computer is no reason to call a board silent."""
    be_patient(monkeypatch)


def test_status_says_everything_and_how_safe_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Every register has its line, and the last one is the safety level."""
    with terminal(Board()) as path:
        assert command([path]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*(register.name for register in INPUT), "safety"]
    assert lines[-1].endswith(Kind.LISIERE.safety)


def test_status_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json it is one object, with state and reason in words."""
    with terminal(Board()) as path:
        assert command([path, "status", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["reason"], said["contact"]) == ("dropped", "start", 0)


def test_status_of_a_relay_board(capsys: pytest.CaptureFixture[str]) -> None:
    """A bought relay board says its state, what its meter counted, and its own safety level."""
    with answering(RelayLine()) as path:
        assert command([path, "--kind", "relay_board", "--meter", str(METER)]) == 0
    said = capsys.readouterr().out
    assert "energy_wh      1250" in said and Kind.RELAY_BOARD.safety in said


def test_watch_goes_on_until_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says a line again and again, one JSON object each, and ends at Ctrl-C without a word."""
    rests = iter(range(3))

    def rest(seconds: float) -> None:
        if next(rests) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(tool, "time", SimpleNamespace(sleep=rest))
    with terminal(Board()) as path:
        assert main(["board", path, "watch", "--json"]) == 130
    said = capsys.readouterr()
    assert [json.loads(line)["state"] for line in said.out.splitlines()] == ["dropped"] * 3 and said.err == ""


def test_hold_closes_the_relay_for_that_long(capsys: pytest.CaptureFixture[str]) -> None:
    """The relay closes once, is kept, and is let go of at the end."""
    board = Board()
    with terminal(board) as path:
        assert command([path, "hold", "1.5"]) == 0
    closed, opened = board.edges
    assert (closed.closed, opened.closed) == (True, False) and opened.ms - closed.ms > 1000
    assert "closed   contact live" in capsys.readouterr().out


def test_hold_under_an_emergency_stop_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A pressed stop is told in one line, and nothing closes."""
    board = Board()
    board.pin(ESTOP, True)
    with terminal(board) as path:
        assert command([path, "hold", "1"]) == 1
    assert "unsafe" in capsys.readouterr().err and board.edges == []


def test_the_guided_test_on_the_boards_own_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine that is wired as it should be passes every step; the person presses the stop when asked to."""
    board, pressed = Board(), Event()

    def answer(question: str) -> str:
        (pressed.set if "press the emergency stop" in question else pressed.clear)()
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    with terminal(board, lambda: board.pin(ESTOP, pressed.is_set())) as path:
        assert command([path, "test", "--json"]) == 0
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(findings) == 9 and all(finding["passed"] for finding in findings)
    assert not board.closed


class Worked(SimulatedBoard):
    """A board whose machine rests, or works with a pause in every half minute."""

    def __init__(self) -> None:
        self.now = 0
        self.working = False
        super().__init__(lambda: self.now)

    def read(self) -> Reading:
        works = self.working and self.now / 1000 % 30 > PAUSE_S
        self.draw((WORK_A if works else REST_A) if self.live else 0.0)
        return super().read()

    def answer(self, question: str) -> str:
        """The person does as asked."""
        self.working = "work" in question
        return ""

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += round(seconds * 1000)


@pytest.mark.parametrize(("asked", "dwell_s"), [("1", 1.5 * PAUSE_S), ("12", 12.0)])
def test_ten_minutes_of_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str, dwell_s: float
) -> None:
    """Five minutes each give two thresholds and a dwell of at least what was asked; every raw sample is kept."""
    board = Worked()
    monkeypatch.setattr(tool, "opened", lambda *_: board)
    monkeypatch.setattr(tool, "_ask", board.answer)
    monkeypatch.setattr(tool, "_mono_ms", lambda: board.now)
    monkeypatch.setattr(tool, "time", SimpleNamespace(sleep=board.sleep))
    kept = tmp_path / "overlock-1.csv"
    assert command(["A", "calibrate", "--json", "--samples", str(kept), "--dwell", asked]) == 0
    said = json.loads(capsys.readouterr().out)
    assert REST_A < said["idle_a"] < said["running_a"] < WORK_A
    assert said["dwell_s"] == pytest.approx(dwell_s, abs=0.5)
    lines = kept.read_text().splitlines()
    assert lines[0] == "phase,seconds,amps" and len(lines) == 1 + 2 * 1500
    assert not board.live


def test_a_calibration_that_tells_nothing_keeps_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where rest and work look the same the command says so in one line; the samples lie there all the same."""
    monkeypatch.setattr("builtins.input", lambda question: "")
    kept = tmp_path / "samples.csv"
    with terminal(Board()) as path:
        assert command([path, "calibrate", "--phase", "0.5", "--samples", str(kept)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert {line.split(",")[0] for line in kept.read_text().splitlines()} == {"phase", "idle", "running"}


def test_what_calibration_finds_is_set_on_the_board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The current that means power is written into the board, and is there when it is asked again."""
    board = Board()
    monkeypatch.setattr(tool, "calibrate", lambda *_: Thresholds(1.0, 0.6, 1.0, 210))
    with terminal(board) as path:
        assert command([path, "calibrate", "--samples", str(tmp_path / "samples.csv")]) == 0
    assert frames.quantities(board.ask(frames.read_holding()))["off_ma"] == 210


@pytest.fixture
def avrdude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A programmer that notes what it was asked; the note."""
    note, program = tmp_path / "asked", tmp_path / "avrdude"
    program.write_text(f'#!/bin/sh\necho "$@" > {note}\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return note


def test_flash_runs_the_programmer(avrdude: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """avrdude is handed fuses and program, the command is shown, and its exit status is passed on."""
    program = tmp_path / "board.hex"
    program.touch()
    assert command(["A", "flash", "--hex", str(program)]) == 3
    asked = avrdude.read_text().strip()
    assert all(fuse in asked for fuse in FUSES) and f"flash:w:{program}:i" in asked
    assert capsys.readouterr().out.strip() == f"avrdude {asked}"


def test_flash_needs_a_program_and_a_programmer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the built program, or without avrdude, one line says what to type."""
    assert command(["A", "flash", "--hex", str(tmp_path / "none.hex")]) == 1
    monkeypatch.setenv("PATH", "")
    (tmp_path / "board.hex").touch()
    assert command(["A", "flash", "--hex", str(tmp_path / "board.hex")]) == 1
    said = capsys.readouterr().err
    assert "make firmware" in said and "apt-get install avrdude" in said and said.count("\n") == 2
