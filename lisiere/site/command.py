"""`lisiere site PACK.toml --data DIR`: tell the twin what the workshop is."""

import argparse
import sys
from pathlib import Path

from lisiere.rehearse.script import ScriptError
from lisiere.site.pack import Pack, read
from twin.people import Erased, People
from twin.serve import CannotServe, opened

EPILOG = """examples:
  lisiere site atelier.toml --check                     is it right? Nothing is changed
  lisiere site atelier.toml --data /srv/lisiere         on the twin's computer, also while it serves
exit status: 0 done; 1 the twin did not take it; 2 the file is wrong
"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere site",
        description="Tell the twin what the workshop is: its name, hours and rules, its machines, its members. "
        "What the file does not name stays as it is; badges are added to those a member has.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pack", type=Path, metavar="PACK.toml")
    parser.add_argument("--data", type=Path, default=Path("/var/lib/lisiere-twin"), help="the twin's folder")
    parser.add_argument("--database", metavar="URL", help="its PostgreSQL, where it has one")
    parser.add_argument("--check", action="store_true", help="only read the file")
    options = parser.parse_args(arguments)
    try:
        pack = read(options.pack)
        if not options.check:
            with opened(options.data, options.database) as store:
                apply(pack, People(store))
    except ScriptError as error:
        print(f"lisiere site: {error}", file=sys.stderr)
        return 2
    except (CannotServe, Erased) as error:
        print(f"lisiere site: {error}", file=sys.stderr)
        return 1
    told = f"{len(pack.machines)} machines, {len(pack.people)} members, {len(pack.opening.hours)} opening hours"
    print(f"{options.pack}: {'right' if options.check else 'done'}: {told}")
    return 0


def apply(pack: Pack, people: People) -> None:
    """Make the twin's workshop what the pack says. Units and kiosks have it with their next exchange. Erased."""
    people.put_site(pack.name)
    people.put_policy(pack.policy)
    people.put_opening(pack.opening)
    for machine, name in pack.machines:
        people.put_machine(machine, name)
    for person, name in pack.people:
        people.put_member(
            person.id,
            person.badges,
            person.qualifications,
            person.role,
            person.category,
            person.valid_until,
            name,
        )
