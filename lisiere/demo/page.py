"""The bench's page, on loopback: badges to tap, a motor to switch, an emergency stop to press.

It is the demo's own, not the twin's: the twin never commands a device.
"""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from lisiere.demo.stage import Stage
from lisiere.demo.workshop import MACHINES, MEMBERS, STRANGER, TITLES

LONGEST_BODY = 4096
PAGE = files("lisiere.demo").joinpath("bench.html")


class BenchPage:
    """Serves the page on a thread of its own, one more for each visitor."""

    def __init__(self, stage: Stage) -> None:
        handler = type("Handler", (_Handler,), {"stage": stage, "timeout": 5})
        self._server = ThreadingHTTPServer(("127.0.0.1", stage.ports.bench), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{stage.ports.bench}"

    def start(self) -> None:
        """Begin to serve."""
        Thread(target=self._server.serve_forever, name="bench page", daemon=True).start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stage: Stage

    def do_GET(self) -> None:
        """The page, or how the bench stands."""
        if self.path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", PAGE.read_bytes())
        elif self.path == "/state":
            self._send(HTTPStatus.OK, "application/json", json.dumps(state(self.stage)).encode())
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "nothing here; the page is at /")

    def do_POST(self) -> None:
        """Something was done at the bench. Only its own page may ask: other sites' pages are turned away."""
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.headers.get("Host"):
            self._refuse(HTTPStatus.FORBIDDEN, "another page asks: use the bench's own")
            return
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {LONGEST_BODY} bytes")
            return
        try:
            act(self.stage, self.path, json.loads(self.rfile.read(length) or b"{}"))
        except (KeyError, ValueError, TypeError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, f"{type(error).__name__}: {error}")
            return
        self._send(HTTPStatus.OK, "application/json", b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """The demo's terminal is for people."""

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, "application/json", json.dumps({"error": why}).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)


def state(stage: Stage) -> dict[str, Any]:
    """How the bench stands: machines as it sees them, and the badges that lie on it."""
    machines = [
        {
            "id": machine.id,
            "name": machine.name,
            "live": stage.benches[machine.id].standing.live,
            "motor": stage.benches[machine.id].standing.motor,
            "estop": stage.benches[machine.id].standing.estop,
            "pattern": stage.benches[machine.id].standing.pattern,
        }
        for machine in MACHINES
    ]
    badges = [{"number": member.badge, "name": f"{member.name}{TITLES[member.role]}"} for member in MEMBERS]
    return {
        "machines": machines,
        "badges": [*badges, {"number": STRANGER, "name": "Badge inconnu (à prêter)"}],
        "twin": stage.twin.url,
    }


def act(stage: Stage, path: str, words: dict[str, Any]) -> None:
    """Do one thing at the bench. KeyError for a machine, a badge or an act that is not there."""
    bench = stage.kiosk if words["machine"] == "kiosk" else stage.benches[words["machine"]]
    assert bench is not None
    known = {STRANGER, *(member.badge for member in MEMBERS)}
    match path:
        case "/tap":
            if words["badge"] not in known:
                raise KeyError(words["badge"])
            bench.tap(words["badge"])
        case "/motor":
            bench.motor(bool(words["on"]))
        case "/estop":
            bench.estop(bool(words["pressed"]))
        case _:
            raise KeyError(path)
