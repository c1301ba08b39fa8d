"""The demo, as a newcomer runs it: real processes on loopback."""

import json
import socket
import subprocess
import sys


def free_base() -> int:
    """A port base whose ports nobody listens on, most likely: from the range the kernel hands out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_000)


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lisiere.cli", "demo", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=180)


def test_one_visit_goes_from_the_tap_to_the_twin_and_to_the_kiosk() -> None:
    """The visit ends with a run that the twin has, a booking made at the kiosk, and exit status 0."""
    done = demo("--once", "--port-base", str(free_base()))
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["twin_has_run"] is True and told["kiosk_booking"] and told["run"]
    assert told["powered_seconds"] >= 1 and told["tap_to_power_ms"] >= 0


def test_a_taken_port_is_one_clear_line() -> None:
    """A port that another program holds is named on one line, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo("--once", "--port-base", str(port))
    assert done.returncode == 1
    assert done.stderr.strip().count("\n") == 0 and f"port {port} is taken" in done.stderr
