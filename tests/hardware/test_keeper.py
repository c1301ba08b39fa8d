"""The keeper: its countdown, and a real one whose client dies, hangs, leaves or talks nonsense."""

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.hold import Hold
from hardware.clock import mono_ms
from hardware.relay.keeper import Keep
from hardware.relay.report import LONGEST_PACKET, Command, Order, order_of
from tests.hardware.keepers import connected, keeper, newcomers_report, next_report
from tests.hardware.waiting import eventually, running

HOLD_MS = 500
LATE_MS = 100

HOLDER = """
import socket, sys, time
from hardware.clock import mono_ms
from hardware.relay.report import Command, Order
keeper = socket.socket(fileno=int(sys.argv[1]))
keeper.send(Order(Command.ON, mono_ms()).packet())
while True:
    time.sleep(0.1)
    keeper.send(Order(Command.RENEW, mono_ms()).packet())
"""
"""A controller as the keeper sees one."""

REAL_HOLDER = """
import sys, time
from pathlib import Path
from hardware.relay.client import KeeperOutput
output = KeeperOutput(Path(sys.argv[1]))
output.start(lambda lost: None, lambda report: print(report.commanded, flush=True))
while True:
    output.switch_on()
    time.sleep(0.1)
"""

orders = st.builds(Order, st.sampled_from(Command), st.integers(0, 5000))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """The socket of a running keeper."""
    with keeper(tmp_path / "keeper", HOLD_MS):
        yield tmp_path / "keeper"


def order(command: Command) -> bytes:
    """A packet that is sent now."""
    return Order(command, mono_ms()).packet()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_controller_that_is_gone_lets_the_relay_open(path: Path, how: signal.Signals) -> None:
    """The relay opens within a hold and a tenth of a second after its controller is killed or stopped."""
    client = connected(path)
    command = [sys.executable, "-c", HOLDER, str(client.fileno())]
    with client, running(command, pass_fds=[client.fileno()]) as holder:
        closed = next_report(client, commanded=True)
        while closed.at_ms < closed.since_ms + 2 * HOLD_MS:  # it is really being renewed
            closed = next_report(client, commanded=True)
        os.kill(holder.pid, how)
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        gone_ms = mono_ms()
        opened = next_report(client, commanded=False)
    assert opened.why == "expired" and not opened.observed
    assert opened.since_ms <= gone_ms + HOLD_MS + LATE_MS


def test_a_killed_controller_hangs_up(path: Path) -> None:
    """When a whole controller is killed, the relay opens, and whoever connects next is told so."""
    with running([sys.executable, "-c", REAL_HOLDER, str(path)]) as holder:
        assert holder.stdout is not None
        while holder.stdout.readline() != b"True\n":
            pass
        holder.kill()
        holder.wait()
        gone_ms = mono_ms()
    report = newcomers_report(path)
    assert not report.commanded and not report.observed and report.why in ("left", "expired")
    assert report.since_ms <= gone_ms + HOLD_MS + LATE_MS


def test_a_second_client_is_turned_away(path: Path) -> None:
    """While one client is connected, another is hung up on and changes nothing."""
    with connected(path) as first, connected(path) as second:
        first.send(order(Command.ON))
        next_report(first, commanded=True)
        assert second.recv(LONGEST_PACKET) == b""


@pytest.mark.parametrize("nonsense", [b"on", b"on soon", b"\xff 1", b"open 1", b"on 1 2", b"x" * 1000])
def test_nonsense_opens_the_relay(path: Path, nonsense: bytes) -> None:
    """A client that says anything but the three commands is let go, and the relay opens."""
    with connected(path) as client:
        client.send(order(Command.ON))
        next_report(client, commanded=True)
        client.send(nonsense)
        while client.recv(LONGEST_PACKET):
            pass
    assert newcomers_report(path).why in ("left", "expired")


def test_a_client_that_does_not_read_cannot_hold_the_keeper_up(path: Path) -> None:
    """A client that never reads its reports is still obeyed after thousands of them."""
    with connected(path) as client:
        for _ in range(2000):
            client.send(order(Command.ON))
            client.send(order(Command.OFF))
        client.shutdown(socket.SHUT_WR)
    assert newcomers_report(path).why in ("off", "left")


def test_a_keeper_that_nobody_asks_rests(tmp_path: Path) -> None:
    """Without a client the keeper waits for one; it does not keep a processor busy."""
    with keeper(tmp_path / "keeper") as process:
        began, used = time.monotonic(), cpu_seconds(process.pid)
        eventually(lambda: time.monotonic() > began + 0.5)
        assert cpu_seconds(process.pid) - used < 0.25


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_only_this_user_may_connect(path: Path) -> None:
    """The keeper's socket has mode 0600."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    """A keeper that is told to end exits with status 0 and takes its socket away."""
    with keeper(tmp_path / "keeper") as process:
        process.terminate()
        assert process.wait() == 0
    assert not (tmp_path / "keeper").exists()


def test_it_starts_over_the_socket_of_one_that_was_killed(tmp_path: Path) -> None:
    """A socket that a killed keeper left behind is replaced by the next one."""
    with keeper(tmp_path / "keeper") as first:
        first.kill()
        first.wait()
    with keeper(tmp_path / "keeper"), connected(tmp_path / "keeper") as client:
        assert next_report(client, commanded=False).why == "start"


@given(st.lists(st.tuples(orders, st.integers(0, 300))))
def test_nothing_holds_longer_than_a_hold_after_it_was_said(steps: list[tuple[Order, int]]) -> None:
    """Whatever is said and however late it comes, the relay is open a hold after the last order was given."""
    now, last_given, keep = 1000, 0, Keep(Hold(HOLD_MS), 1000)
    for said, later in steps:
        now += later
        last_given = max(last_given, min(said.at_ms, now))
        keep = keep.obeyed(said, now).at(now)
        assert (keep.hold.until or 0) <= last_given + HOLD_MS
    assert keep.at(max(now, last_given + HOLD_MS)).hold.until is None


@given(st.lists(st.tuples(st.sampled_from([Command.RENEW, Command.OFF]), st.integers(0, 900))))
def test_only_on_closes(steps: list[tuple[Command, int]]) -> None:
    """After a hold ran out, no sequence of renewals and offs closes the relay."""
    now = 1000 + HOLD_MS
    keep = Keep(Hold(HOLD_MS), 1000).obeyed(Order(Command.ON, 1000), 1000).at(now)
    for command, later in steps:
        now += later
        keep = keep.obeyed(Order(command, now), now)
        assert keep.hold.until is None


@given(orders)
def test_an_order_survives_the_wire(said: Order) -> None:
    """What is read from a packet is what was written into it."""
    assert order_of(said.packet()) == said


def test_a_stale_on_closes_nothing() -> None:
    """An ON that waited in the socket for a hold leaves the relay open."""
    keep = Keep(Hold(HOLD_MS), 0)
    assert keep.obeyed(Order(Command.ON, 1000), 1000 + HOLD_MS) == keep


def test_an_on_from_the_future_holds_no_longer() -> None:
    """An order that claims to be given later than now counts from now."""
    keep = Keep(Hold(HOLD_MS), 0).obeyed(Order(Command.ON, 99_000), 1000)
    assert keep.hold.until == 1000 + HOLD_MS


def test_it_tells_when_and_why_it_last_changed() -> None:
    """The moment and the cause of the last change stay as they are while the relay is only renewed."""
    keep = Keep(Hold(HOLD_MS), 0).obeyed(Order(Command.ON, 1000), 1000)
    keep = keep.obeyed(Order(Command.RENEW, 1400), 1400)
    assert (keep.since_ms, keep.why) == (1000, "on")
    assert (keep.at(1950).since_ms, keep.at(1950).why) == (1950, "expired")
