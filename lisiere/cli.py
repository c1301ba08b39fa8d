"""`lisiere`: one command whose sub-commands import their folder only when called."""

import importlib
import sys
from collections.abc import Callable

COMMANDS = {
    "demo": ("lisiere.demo.command", "a whole workshop on this computer: twin, two machines, kiosk"),
    "unit": ("lisiere.unit.command", "run a machine's unit"),
    "keeper": ("lisiere.keeper", "own a relay on the Pi's pins, and let go by itself"),
    "kiosk": ("lisiere.kiosk.command", "run the touch kiosk"),
    "twin": ("twin.serve", "run the central twin, or print a token for it"),
    "site": ("lisiere.site.command", "tell the twin what the workshop is: hours, rules, machines, members"),
    "enrol": ("lisiere.enrol", "make this unit or kiosk known to a twin"),
    "reader": ("lisiere.reader.command", "what a badge reader is, and what each tap on it is worth"),
    "badge": ("lisiere.badge.command", "members' badges: enrol, lost, found, replaced"),
    "board": ("lisiere.board.command", "look at a machine-side board, hold it, commission it"),
    "rehearse": ("lisiere.rehearse.command", "play a day or a year of a workshop in virtual time"),
    "simulate": ("lisiere.simulate.command", "try to break it: years of a simulated site, with everything failing"),
    "log": ("lisiere.log.command", "what a machine did: runs, decisions, faults, power"),
    "doctor": ("lisiere.doctor", "what is wrong with this unit, and what to do"),
    "bench": ("lisiere.bench.command", "how fast, beside the floor of this machine"),
}
"""Each sub-command: the module whose `command(arguments)` runs it, and what it does."""


def main(arguments: list[str] | None = None) -> int:
    """Run a sub-command; the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help"):
        print(_menu())
        return 0
    if words[0] not in COMMANDS:
        print(f"lisiere: no command '{words[0]}'; lisiere --help lists them", file=sys.stderr)
        return 2
    module = importlib.import_module(COMMANDS[words[0]][0])
    run: Callable[[list[str]], int] = module.command
    try:
        return run(words[1:])
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def _menu() -> str:
    lines = [f"  {name:<10} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: lisiere COMMAND ...   (lisiere COMMAND --help says more)", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
