"""The whole examination, and how it is told."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from controller.config import FILE, TWIN_AUTHORITY, ConfigError, load
from lisiere.doctor.clock import check_clock
from lisiere.doctor.disk import check_disk
from lisiere.doctor.finding import Finding, Mark, attention, bad, ok
from lisiere.doctor.link import ask, check_link
from lisiere.doctor.patient import Patient, patient
from lisiere.doctor.reader import check_reader
from lisiere.doctor.relay import check_relay
from lisiere.doctor.replica import check_replica
from lisiere.doctor.wear import check_wear

HOME = Path("/var/lib/lisiere")
WIDTH, INDENT = 100, " " * 19
EPILOG = """examples:
  lisiere doctor                               this computer's unit, in /var/lib/lisiere
  lisiere doctor --unit DIR --json             another folder; one JSON object a line
Nothing is changed, and the unit may go on beside it. A reader that the unit uses is not touched.
exit status: 0 nothing is bad (look at 'attention' all the same); 1 something is
"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere doctor",
        description="Look at the clock, replica, disk, reader, relay and link of a unit.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--unit", type=Path, default=HOME, metavar="DIR", help=f"its folder (default {HOME})")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args(arguments)
    findings = examine(options.unit, Path("/"), datetime.now(UTC))
    for finding in findings:
        print(json.dumps(asdict(finding), ensure_ascii=False) if options.json else told(finding))
    return 1 if any(finding.mark is Mark.BAD for finding in findings) else 0


def examine(folder: Path, system: Path, now: datetime) -> list[Finding]:
    """Everything, in the order in which a technician would look. `system`: the root of this computer's files."""
    try:
        seen = patient(folder, load(folder), system, now)
    except ConfigError as error:
        return [bad("unit", f"not enrolled: {error}", "", "enrol it, or mend the file: lisiere enrol --help")]
    answer = ask(seen.config.twin, folder / TWIN_AUTHORITY)
    return [
        _unit(seen),
        *check_clock(seen, answer),
        *check_replica(seen),
        *check_disk(seen),
        *check_wear(seen),
        *check_reader(seen),
        *check_relay(seen),
        *check_link(seen, answer),
    ]


def _unit(seen: Patient) -> Finding:
    where = str(seen.folder / FILE)
    if seen.process is None:
        do = f"start its service, or by hand: lisiere unit --data {seen.folder}"
        return attention("unit", f"'{seen.config.unit}' is enrolled, but its program does not run", where, do)
    return ok("unit", f"'{seen.config.unit}' is enrolled and runs (process {seen.process})", where)


def told(finding: Finding) -> str:
    """A finding for eyes: its mark, what was found and where; what to do on a line of its own."""
    head = f"{finding.mark:<10}{finding.topic:<9}"
    where = f"[{finding.where}]" if finding.where else ""
    said = f"{head}{finding.what}"
    lines = [f"{said}  {where}".rstrip()] if len(said) + len(where) + 2 <= WIDTH else [said, INDENT + where]
    return "\n".join([*lines, *([f"{INDENT}-> {finding.do}"] if finding.do else [])])
