"""A unit whose relay a board keeps: its configuration, and what becomes of a weld that was cleared."""

from dataclasses import replace
from pathlib import Path

import pytest

from access.facts import FaultCleared
from access.vocabulary import Fault
from controller.config import Board, Config, ConfigError, load, write
from firmware_bridge.bridge import Kind
from firmware_bridge.output import BoardOutput
from hardware.relay.client import KeeperOutput
from lisiere.unit.edges import Edges

CONFIG = Config("press-1", "http://127.0.0.1:1", "00", "00", "tty:S0:pn532")


def test_a_board_in_the_configuration_takes_the_keepers_place(tmp_path: Path) -> None:
    """A unit with a [board] has it as its output; one without has its keeper."""
    write(tmp_path, replace(CONFIG, board=Board("FTDI_A1", "relay_board", 2)))
    assert load(tmp_path).board == Board("FTDI_A1", "relay_board", 2)
    assert isinstance(Edges(load(tmp_path), tmp_path).output, BoardOutput)
    assert isinstance(Edges(CONFIG, tmp_path).output, KeeperOutput)


@pytest.mark.parametrize("board", [Board("FTDI_A1", "arduino"), Board("FTDI_A1", "lisiere", 2)])
def test_a_board_that_there_is_not_is_an_error(tmp_path: Path, board: Board) -> None:
    """An unknown kind, or a meter beside a board that measures by itself, is refused with what is allowed."""
    with pytest.raises(ConfigError, match="board"):
        Edges(replace(CONFIG, board=board), tmp_path)


def test_a_unit_without_a_board_hears_of_a_cleared_weld_in_peace(tmp_path: Path) -> None:
    """Where a keeper keeps the relay, a cleared weld needs nothing more."""
    Edges(CONFIG, tmp_path).told(FaultCleared(Fault.RELAY_WELDED))


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (Board("FTDI_A1"), Kind.LISIERE.safety),
        (Board("FTDI_A1", "relay_board"), Kind.RELAY_BOARD.safety),
        (Board("FTDI_A1", "relay_board", 2), "by the meter at address 2"),
        (Board(), "its keeper lets go"),
    ],
)
def test_the_log_shows_the_safety_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, board: Board, said: str
) -> None:
    """A unit that starts writes into its log what opens its relay when it falls silent, and what measures."""
    caplog.set_level("INFO")
    Edges(replace(CONFIG, board=board), tmp_path)
    assert said in caplog.text
