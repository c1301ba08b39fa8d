"""`lisiere doctor` on what keeps the relay: the Pi's own pin and its keeper, or a board."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from access.facts import FaultRaised
from access.machines import Machine, Output
from access.vocabulary import Fault
from controller.config import Board, Relay
from controller.journal import Journal
from firmware_bridge.bridge import Kind
from firmware_bridge.registers import VERSION
from hardware.disk import SimulatedDisk
from lisiere.doctor.finding import Finding, Mark
from tests.firmware_bridge import lockstep
from tests.firmware_bridge.lines import answering, be_patient, terminal
from tests.firmware_bridge.test_relay_board import METER, RelayLine
from tests.hardware.keepers import connected, keeper
from tests.lisiere.patients import CONFIG, Bench

PERSIST = "sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs"
STRICT = "[all]\ndtparam=strict_gpiod\n"
ON_A_BOARD = Machine("overlock-1", output=Output.BOARD)


@contextmanager
def pi(bench: Bench, config: str = STRICT, persist: str | None = "N\n") -> Iterator[None]:
    """A Raspberry Pi with a keeper that answers."""
    bench.put("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    bench.put("boot/firmware/config.txt", config)
    if persist is not None:
        bench.put(PERSIST, persist)
    with keeper(bench.folder / "keeper.sock"):
        yield


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy computer is no reason to call a board silent."""
    be_patient(monkeypatch)


def on(bench: Bench, what: str) -> Finding:
    """The one finding on the relay that says this."""
    (found,) = [found for found in bench.findings("relay") if what in found.what]
    return found


# --- the Pi's own pin --------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "mark"), [("Y\n", Mark.BAD), ("N\n", Mark.OK), (None, Mark.ATTENTION)])
def test_what_becomes_of_the_machine_when_its_keeper_is_killed(
    bench: Bench, setting: str | None, mark: Mark
) -> None:
    """On a Raspberry Pi the doctor says what the kernel does with the pin, and what to do about it."""
    with pi(bench, persist=setting):
        found = on(bench, "killed")
    assert found.mark is mark
    assert ("strict_gpiod" in found.do) is (mark is not Mark.OK)


@pytest.mark.parametrize(
    ("config", "mark"),
    [
        (STRICT, Mark.OK),
        ("dtparam=audio=on,strict_gpiod\n", Mark.OK),
        ("#dtparam=strict_gpiod\n", Mark.ATTENTION),
        ("", Mark.ATTENTION),
    ],
)
def test_strict_gpiod_is_looked_for(bench: Bench, config: str, mark: Mark) -> None:
    """A Pi whose config.txt does not ask for strict_gpiod needs attention, also while its kernel lets go."""
    with pi(bench, config):
        assert on(bench, "strict_gpiod").mark is mark


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("gpio=17=op,dl", Mark.OK),
        ("gpio=4=pu", Mark.OK),
        ("gpio=nonsense=pu", Mark.OK),
        ("gpio=17=op,dh", Mark.BAD),
        ("gpio=4,9-17=ip,pu", Mark.BAD),
        ("gpio=17=np", Mark.ATTENTION),
    ],
)
def test_what_config_txt_does_to_the_pin(bench: Bench, line: str, mark: Mark) -> None:
    """A line that makes the pin high while the Pi starts is bad; one that takes its pull away needs attention."""
    with pi(bench, f"{STRICT}{line}\n"):
        assert max((found.mark for found in bench.findings("relay")), key=list(Mark).index) is mark


@pytest.mark.parametrize(("said", "marks"), [("pd", [Mark.OK]), ("pu", [Mark.BAD]), ("--", [])])
def test_what_pulls_on_the_pin_now(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, marks: list[Mark]
) -> None:
    """Raspberry Pi OS's own program says how the pin is pulled; a Pi that cannot tell says nothing."""
    program = tmp_path / "pinctrl"
    program.write_text(f'#!/bin/sh\necho "$2: op dl {said} | lo // GPIO$2 = output"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pi(bench):
        assert [found.mark for found in bench.findings("relay") if found.where == str(program)] == marks


def test_a_pin_that_is_high_at_boot_is_bad(bench: Bench) -> None:
    """Pins up to 8 would switch the machine on while the Pi starts."""
    bench.enrolled(replace(CONFIG, relay=Relay(pin=8)))
    with keeper(bench.folder / "keeper.sock"):
        assert "while the Pi boots" in bench.bad("relay")


# --- the keeper --------------------------------------------------------------------------------------


def test_a_keeper_that_is_not_there_is_bad(bench: Bench) -> None:
    """Nobody keeps the relay: nobody can start."""
    assert "does not answer" in bench.bad("relay")


def test_a_keeper_in_use_keeps_its_client(bench: Bench) -> None:
    """Asking a keeper that serves the unit neither fails nor takes the unit's place."""
    with keeper(bench.folder / "keeper.sock"), connected(bench.folder / "keeper.sock") as client:
        assert client.recv(256)
        assert on(bench, "it serves the unit").mark is Mark.OK
        assert client.recv(256)


def test_a_welded_relay_is_bad(bench: Bench) -> None:
    """The latched fault is told with the way out of it."""
    bench.journalled(FaultRaised(Fault.RELAY_WELDED))
    with keeper(bench.folder / "keeper.sock"):
        assert "welded" in bench.bad("relay")


# --- a board -----------------------------------------------------------------------------------------


def test_a_board_of_ours_shows_its_safety_level(bench: Bench, patience: None) -> None:
    """The doctor opens the board, says that it answers, and what it does when the unit falls silent."""
    bench.replica_kept(machine=replace(ON_A_BOARD, hazardous=True))
    with terminal(lockstep.Board()) as path:
        bench.enrolled(replace(CONFIG, board=Board(path)))
        found = bench.findings("relay")
    assert [one.mark for one in found] == [Mark.OK, Mark.OK]
    assert Kind.LISIERE.safety in found[0].what and f"version {VERSION >> 8}.{VERSION & 0xFF}" in found[1].what


@pytest.mark.parametrize(("meter", "marks"), [(METER, []), (0, [Mark.ATTENTION])])
def test_a_relay_board_shows_its_safety_level(
    bench: Bench, patience: None, meter: int, marks: list[Mark]
) -> None:
    """A bought relay board is told with its own level and what its meter says; without a meter, that."""
    bench.replica_kept(machine=ON_A_BOARD)
    with answering(RelayLine()) as path:
        bench.enrolled(replace(CONFIG, board=Board(path, "relay_board", meter)))
        found = bench.findings("relay")
    assert [one.mark for one in found] == [Mark.OK, Mark.OK, *marks]
    assert Kind.RELAY_BOARD.safety in found[0].what and ("3.50 A" in found[1].what) is bool(meter)


def test_a_board_in_use_is_left_alone(bench: Bench) -> None:
    """While the unit runs, its board is not opened."""
    bench.replica_kept(machine=ON_A_BOARD)
    bench.enrolled(replace(CONFIG, board=Board("/dev/no-such-line")))
    journal = Journal(bench.folder / "journal.db", "overlock-1", SimulatedDisk(), os.urandom, 1)
    bench.put("proc/locks", Path("/proc/locks").read_text())
    assert on(bench, "in use by the unit").mark is Mark.OK
    journal.close()


@pytest.mark.parametrize(
    ("board", "why"),
    [
        (Board("/dev/no-such-line"), "No such file"),
        (Board("FTDI_NOT_HERE"), "FTDI_NOT_HERE"),
        (Board("/dev/ttyS0", "arduino"), "arduino"),
    ],
)
def test_a_board_that_is_not_there_is_bad(bench: Bench, board: Board, why: str) -> None:
    """A wrong path, a name that no port has and an unknown kind are each told."""
    bench.replica_kept(machine=ON_A_BOARD)
    bench.enrolled(replace(CONFIG, board=board))
    assert why in bench.bad("relay")


def test_something_else_on_the_port_is_bad(bench: Bench) -> None:
    """A relay board where one of ours should be is found out."""
    bench.replica_kept(machine=ON_A_BOARD)
    with answering(RelayLine()) as path:
        bench.enrolled(replace(CONFIG, board=Board(path)))
        assert "does not answer" in bench.bad("relay")


def test_the_twin_and_the_unit_should_agree(bench: Bench) -> None:
    """A machine that has its board at the twin only, or in the unit only, needs attention."""
    bench.replica_kept(machine=ON_A_BOARD)
    with keeper(bench.folder / "keeper.sock"):
        assert on(bench, "the twin says").mark is Mark.ATTENTION


@pytest.mark.parametrize("board", [Board(), Board("/dev/no-such-line", "relay_board")])
def test_a_hazardous_machine_needs_a_board_of_ours(bench: Bench, board: Board) -> None:
    """A machine that can burn or crush is not safe on the Pi's pin, nor on a bought relay board."""
    bench.replica_kept(machine=Machine("overlock-1", hazardous=True))
    bench.enrolled(replace(CONFIG, board=board))
    assert on(bench, "burn or crush, and").mark is Mark.BAD
