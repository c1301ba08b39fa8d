"""`lisiere simulate [--device-years N] [--seed S] [--json]`."""

import argparse
import json
import sys
from pathlib import Path

from lisiere.simulate.campaign import ENOUGH, Campaign, run
from lisiere.simulate.plan import VISITS, plan
from lisiere.simulate.shrink import Shrinker
from lisiere.simulate.stage import Outcome
from lisiere.simulate.states import WANTED
from lisiere.simulate.story import told

EPILOG = f"""A device-day has {VISITS[0]} to {VISITS[1]} visits, as the seed has it: a booking, a walk-up, a
stranger, each with about two taps; and as many faults as the seed's classes bring.
examples:
  lisiere simulate --device-years 3                 about half a minute: every class of fault
  lisiere simulate --device-years 1000 --json       an hour on two processors: what a release needs
  lisiere simulate --device-years 0 --seed 1234     that one seed
exit status: 0 every promise was kept; 1 one was broken: the seed is made small and written down as a rehearsal;
  1 as well where {ENOUGH} device-years or more never met a class of fault or a rare state
"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere simulate",
        description="Try to break a whole site in virtual time: random people, a swarm of faults, the real code.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device-years", type=float, default=1.0, metavar="N", help="how much to play (default 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the first seed (default 0)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--processes", type=int, metavar="P", help="how many share the seeds (default: one a core)")
    parser.add_argument(
        "--quick", action="store_true", help="end at the first broken promise, and do not make its seed small"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where a failing seed is written down (default: here)",
    )
    options = parser.parse_args(arguments)
    campaign = run(options.device_years, options.seed, _progress, options.processes, options.quick)
    print(json.dumps(campaign.as_json()) if options.json else _figures(campaign))
    if campaign.failed and not options.quick:
        _write_down(campaign.failed[0], options.keep)
    for what in campaign.lacking():
        print(f"never met, so this run says nothing about it: {what}; play more", file=sys.stderr)
    return 1 if campaign.failed or campaign.lacking() else 0


def _progress(done: int, of: int, outcome: Outcome) -> None:
    """A seed in which something was broken is told at once; and one line that is written over, for a person who
    waits."""
    if outcome.violations:
        _tell(outcome)
    if sys.stderr.isatty():
        full = 40 * done // of
        end = "" if done < of else "\r\x1b[K"
        print(
            f"\r[{'#' * full}{'.' * (40 - full)}] {done} of {of} seeds {end}", end="", file=sys.stderr, flush=True
        )


def _figures(campaign: Campaign) -> str:
    """The figures, for people."""
    figures = campaign.as_json()
    missed = sorted(WANTED - set(figures["states"]))
    lines = [
        f"{figures['device_years']} device-years in {figures['seeds']} seeds, {figures['checks']:,} checks",
        f"{figures['violations']} violations: fewer than {figures['bound_3_over_n']} a device-year (95 %)",
        f"{figures['exchanges_executed']:,} exchanges executed, {figures['exchanges_skipped']:,} counted",
        "faults: " + ", ".join(f"{name} {n}" for name, n in figures["faults"].items()),
        f"states reached: {len(figures['states'])}; not reached: {', '.join(missed) or 'none'}",
        f"trace {figures['trace_sha256']}",
    ]
    return "\n".join(lines)


def _tell(outcome: Outcome) -> None:
    """Say what was broken, over the line that says how far it is."""
    first, over = outcome.violations[0], "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{over}seed {outcome.seed}: {first.rule} {first.machine}: {first.text}", file=sys.stderr)


def _write_down(outcome: Outcome, folder: Path) -> None:
    """Write the seed down as small as it gets."""
    small = Shrinker(plan(outcome.seed), outcome.violations[0]).shrink()
    path = folder / f"simulate-{outcome.seed}.toml"
    path.write_text(told(small), encoding="utf-8")
    print(f"{path}: {len(small.acts)} acts that break it; lisiere rehearse plays them", file=sys.stderr)
