"""`lisiere demo [--once] [--port-base N]`."""

import argparse
import json
import signal
import sys
import threading
from types import FrameType

from lisiere.demo.page import BenchPage
from lisiere.demo.processes import DemoError
from lisiere.demo.stage import Stage
from lisiere.demo.visit import play
from lisiere.demo.workshop import Ports


def command(arguments: list[str]) -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere demo",
        description="A whole workshop on this computer: the twin, two machines' units and the kiosk.",
        epilog="example: lisiere demo --once    plays one visit, checks it, and ends",
    )
    parser.add_argument("--once", action="store_true", help="play the visit, check it, stop everything")
    parser.add_argument("--port-base", type=int, default=8400, metavar="N", help="first port (default 8400)")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        return _demo(Ports(options.port_base), options.once)
    except DemoError as error:
        print(f"lisiere demo: {error}", file=sys.stderr)
        return 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _demo(ports: Ports, once: bool) -> int:
    stage = Stage(ports)
    well = False
    try:
        _say("La démonstration démarre (quelques secondes)...")
        stage.open()
        if not stage.has_display:
            _say("Pas d'écran ici : la borne est dessinée hors écran, tout le reste est pareil.")
        visit = play(stage, _say)
        if once:
            print(json.dumps(visit.as_json()), flush=True)
        else:
            _stay(stage)
        well = True
    except KeyboardInterrupt:
        _say("Fin de la démonstration.")
        well = True
    finally:
        stage.close(keep=not well)
    return 0


def _stay(stage: Stage) -> None:
    """Serve the bench's page until the demo is told to end; what ends before is started again."""
    page = BenchPage(stage)
    page.start()
    _say("")
    _say(f"Le banc d'essai (badges, moteur, arrêt d'urgence) : {page.url}")
    _say(f"Le jumeau                                         : {stage.twin.url}")
    _say(f"  le jeton pour s'y connecter                     : {stage.twin.token}")
    _say(f"Les journaux des machines : lisiere log --unit {stage.folder}/{next(iter(stage.benches))}")
    _say(f"Ce que disent les programmes : {stage.folder}/logs")
    _say("Ctrl-C pour finir.")
    try:
        while True:
            threading.Event().wait(1.0)
            for name in stage.processes.revive():
                _say(f"« {name} » s'était arrêté : il est relancé, et rien ne redémarre sans badge.")
    finally:
        page.close()


def _say(line: str) -> None:
    print(line, flush=True)
