"""The keeper's client: what it tells when the keeper is gone, hangs, or comes back."""

import logging
import os
import signal
import time
from pathlib import Path

import pytest

from hardware.relay.client import SILENCE_S, KeeperOutput
from hardware.relay.report import Report
from tests.hardware.keepers import keeper
from tests.hardware.waiting import eventually


def test_a_keeper_that_dies_is_told_and_one_that_returns_too(tmp_path: Path) -> None:
    """The loss and the recovery of the keeper are each told once, and the new keeper is obeyed."""
    told: list[bool] = []
    reports: list[Report] = []
    output = KeeperOutput(tmp_path / "keeper")
    with keeper(tmp_path / "keeper"):
        output.start(told.append, reports.append)
        eventually(lambda: bool(reports))
        assert told == []
    eventually(lambda: told == [True])
    output.switch_on()  # nobody hears it, and nothing is raised
    with keeper(tmp_path / "keeper"):
        eventually(lambda: told == [True, False])
        output.switch_on()
        eventually(lambda: reports[-1].observed)
        output.close()


def test_a_keeper_that_hangs_is_told(tmp_path: Path) -> None:
    """A keeper that is stopped in its tracks is told as lost, though its socket stays open."""
    told: list[bool] = []
    reports: list[Report] = []
    output = KeeperOutput(tmp_path / "keeper")
    with keeper(tmp_path / "keeper") as process:
        output.start(told.append, reports.append)
        eventually(lambda: bool(reports))
        os.kill(process.pid, signal.SIGSTOP)
        eventually(lambda: told == [True])
        os.kill(process.pid, signal.SIGCONT)
        eventually(lambda: told == [True, False])
        output.close()


def test_sending_never_waits_for_a_keeper_that_hangs(tmp_path: Path) -> None:
    """Ten thousand commands to a keeper that reads none are over before its silence would be noticed."""
    reports: list[Report] = []
    output = KeeperOutput(tmp_path / "keeper")
    with keeper(tmp_path / "keeper") as process:
        output.start(lambda lost: None, reports.append)
        eventually(lambda: bool(reports))
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(10_000):
            output.renew()
        assert time.monotonic() - began < SILENCE_S
        output.close()


def test_only_the_first_failure_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A keeper that is away for many tries leaves one warning, and one line when it is back."""
    caplog.set_level(logging.INFO)
    told: list[bool] = []
    reports: list[Report] = []
    output = KeeperOutput(tmp_path / "keeper")
    output.start(told.append, reports.append)
    eventually(lambda: told == [True])
    with keeper(tmp_path / "keeper"):
        eventually(lambda: told == [True, False])
        output.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_it_can_be_closed_before_it_is_started(tmp_path: Path) -> None:
    """An output that was never started can be closed."""
    KeeperOutput(tmp_path / "keeper").close()
