"""The service files of `deploy/`: what systemd does when a program ends, however it ends."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = sorted(path.name for path in DEPLOY.glob("*.service"))
BACK_S = 5
"""How soon a kiosk is to be back; what its own start takes is measured by `lisiere bench kiosk`."""


def service(name: str) -> ConfigParser:
    """A service file. Words that come twice are not looked at here."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / name)
    return parser


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_ends_is_started_again(name: str) -> None:
    """However a program ended, and however often, systemd starts it again."""
    assert service(name)["Service"]["Restart"] == "always"
    assert service(name)["Unit"]["StartLimitIntervalSec"] == "0"


def test_a_killed_kiosk_is_started_within_its_five_seconds() -> None:
    """systemd waits so shortly that the kiosk has time to draw its first frame."""
    assert float(service("lisiere-kiosk.service")["Service"]["RestartSec"]) <= BACK_S - 3


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize("name", SERVICES)
def test_systemd_understands_every_line(name: str) -> None:
    """`systemd-analyze verify` finds nothing wrong, but that the programs are not installed here."""
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(DEPLOY / name)], capture_output=True, text=True, check=False
    )
    lines = [line for line in said.stderr.splitlines() if "is not executable" not in line]
    assert lines == []
