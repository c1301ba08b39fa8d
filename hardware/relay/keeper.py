"""The keeper: a program of its own that owns the relay's pin, and opens the relay as soon as nobody holds it.

    python -m hardware.relay.keeper --socket PATH --pin N [--hold-ms 500] [--pump] [--mock]

It drives the pin low before anything else, takes one client at a time on a unix socket (SOCK_SEQPACKET, mode
0600), and knows three commands (see `report`). It never waits for its client: a report that cannot be sent is
dropped.
"""

import argparse
import os
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from access.hold import Hold
from hardware.clock import mono_ms
from hardware.pins import factory
from hardware.relay.gpio import GpioRelay, PumpedRelay
from hardware.relay.report import LONGEST_PACKET, REPORT_EVERY_MS, Command, Order, Report, order_of

BEAT_S = 0.005
"""How often a pumped relay's pin is toggled, in seconds."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What the keeper was told, and when and why its relay last changed. It has no pin, socket or clock."""

    hold: Hold
    since_ms: int
    why: str = "start"

    def at(self, now: int) -> "Keep":
        """The same, with a hold that has run out latched open; `since_ms` is the moment it was noticed."""
        expired = self.hold.until is not None and not self.hold.closed(now)
        return self.opened(now, "expired") if expired else self

    def obeyed(self, order: Order, now: int) -> "Keep":
        """The same after an order. One from the future counts from now; a stale one closes nothing."""
        kept, given = self.at(now), min(order.at_ms, now)
        match order.command:
            case Command.OFF:
                return kept.opened(now, "off")
            case Command.RENEW:
                return replace(kept, hold=kept.hold.renew(given))
            case Command.ON:
                return kept._closed(kept.hold.switch_on(given), now)

    def opened(self, now: int, why: str) -> "Keep":
        """The same with the relay open."""
        if self.hold.until is None:
            return self
        return replace(self, hold=self.hold.let_go(), since_ms=now, why=why)

    def _closed(self, hold: Hold, now: int) -> "Keep":
        if not hold.closed(now):
            return self
        since_ms = self.since_ms if self.hold.closed(now) else now
        return Keep(hold, since_ms, "on")


class Keeper:
    """The relay, the socket, and at most one client."""

    def __init__(self, relay: GpioRelay, listener: socket.socket, hold_ms: int) -> None:
        self._relay = relay
        self._listener = listener
        self._client: socket.socket | None = None
        self._keep = Keep(Hold(hold_ms), mono_ms())
        self._beat_s = BEAT_S if isinstance(relay, PumpedRelay) else REPORT_EVERY_MS / 1000
        self._told_ms = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def run(self) -> None:
        """Keep the relay until the process is told to end."""
        while True:
            ready = [key.fileobj for key, _ in self._selector.select(self._wait_s())]
            if self._client in ready:
                self._listen(self._client)
            if self._listener in ready:
                self._welcome()
            self._settle()
            self._relay.beat()
            self._report(only_if_due=True)

    def _settle(self) -> None:
        self._change(self._keep.at(mono_ms()))

    def _change(self, keep: Keep) -> None:
        """Drive the pin first, then tell."""
        changed = keep.since_ms != self._keep.since_ms or keep.why != self._keep.why
        self._keep = keep
        if keep.hold.until is None:
            self._relay.off()
        else:
            self._relay.on()
        if changed:
            self._report()

    def _listen(self, client: socket.socket | None) -> None:
        """Obey all that waits; a client that leaves or talks nonsense is let go, and the relay opens."""
        assert client is not None
        try:
            while packet := client.recv(LONGEST_PACKET):
                self._change(self._keep.obeyed(order_of(packet), mono_ms()))
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            print(f"keeper: client let go: {error}", file=sys.stderr)
        self._let_go(client)

    def _let_go(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        client.close()
        self._client = None
        self._change(self._keep.opened(mono_ms(), "left"))

    def _welcome(self) -> None:
        """Take a client when there is none; a second one is closed at once."""
        with suppress(OSError):
            client, _ = self._listener.accept()
            if self._client is not None:
                client.close()
                return
            client.setblocking(False)
            self._selector.register(client, selectors.EVENT_READ)
            self._client = client
            self._report()

    def _report(self, only_if_due: bool = False) -> None:
        now = mono_ms()
        if only_if_due and now < self._told_ms + REPORT_EVERY_MS:
            return
        self._told_ms = now
        if self._client is None:
            return
        commanded = self._keep.hold.until is not None
        report = Report(commanded, self._relay.is_on, self._keep.since_ms, now, self._keep.why)
        with suppress(OSError):
            self._client.send(report.packet())

    def _wait_s(self) -> float:
        until = self._keep.hold.until
        due = self._told_ms + REPORT_EVERY_MS
        wait_s = max(0, min(due, due if until is None else until) - mono_ms()) / 1000
        return wait_s if until is None else min(wait_s, self._beat_s)


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A listening socket at `path`, for this user only, taken away at the end; replaces one left behind.

    It has its name only once it listens: whoever finds it is heard.
    """
    new = path.with_suffix(".new")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        new.unlink(missing_ok=True)
        old = os.umask(0o177)
        listener.bind(str(new))
        os.umask(old)
        listener.listen(4)
        listener.setblocking(False)
        new.replace(path)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def main() -> None:
    """Run a keeper from the command line. SIGTERM and SIGINT open the relay and end it."""
    parser = argparse.ArgumentParser(prog="hardware.relay.keeper", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--pin", type=int, required=True)
    parser.add_argument("--hold-ms", type=int, default=500)
    parser.add_argument("--pump", action="store_true", help="toggle the pin, for a relay behind a charge pump")
    parser.add_argument("--mock", action="store_true", help="a simulated pin")
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    relay = (PumpedRelay if told.pump else GpioRelay)(told.pin, pin_factory=factory(told.mock))
    try:
        with listening(told.socket) as listener:
            Keeper(relay, listener, told.hold_ms).run()
    finally:
        relay.close()


if __name__ == "__main__":
    main()
