"""`lisiere rehearse FILE.toml | DIR [--json] [--seed N]`."""

import argparse
import json
import sys
from pathlib import Path

from lisiere.rehearse.expect import Verdict, judge, short
from lisiere.rehearse.play import play
from lisiere.rehearse.reading import read
from lisiere.rehearse.records import Record
from lisiere.rehearse.script import Script, ScriptError
from lisiere.simulate.retold import retold

EPILOG = """examples:
  lisiere rehearse examples/rehearsals/                 every file of a folder, one line each
  lisiere rehearse monday.toml                          a readable timeline, and what held
  lisiere rehearse monday.toml --json > monday.jsonl    one JSON object a line
exit status: 0 everything expected held; 1 an expectation did not hold; 2 the file is wrong
"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lisiere rehearse",
        description="Play a day, or a year, of a workshop in virtual time against the code that ships.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="FILE.toml | DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, nothing else")
    parser.add_argument("--seed", type=int, default=0, help="for keys and salts; changes no record (default 0)")
    options = parser.parse_args(arguments)
    try:
        if options.path.is_dir():
            return _folder(options.path, options.seed)
        return _file(options.path, options.seed, options.json)
    except ScriptError as error:
        print(error, file=sys.stderr)
        return 2


def _file(path: Path, seed: int, as_json: bool) -> int:
    script = read(path)
    records = _played(script, seed)
    verdicts = [judge(expectation, records) for expectation in script.expectations]
    if as_json:
        _print_json(records, verdicts)
    else:
        _print_timeline(script, records, verdicts)
    return 0 if all(verdict.held for verdict in verdicts) else 1


def _played(script: Script, seed: int) -> list[Record]:
    """All records; of a simulation that is told, with its own seed."""
    return play(script, seed) if script.simulation is None else retold(script)


def _print_json(records: list[Record], verdicts: list[Verdict]) -> None:
    for record in records:
        print(json.dumps(record, ensure_ascii=False))
    for verdict in verdicts:
        if not verdict.held:
            print(f"not held: {verdict.expectation.text}: {verdict.why}", file=sys.stderr)


def _print_timeline(script: Script, records: list[Record], verdicts: list[Verdict]) -> None:
    print(script.title)
    day = ""
    for record in records:
        if record["at"][:10] != day:
            day = record["at"][:10]
            print(day)
        print(f"  {short(record)}")
    for verdict in verdicts:
        print(f"{'held    ' if verdict.held else 'NOT HELD'} {verdict.expectation.text} {verdict.why}".rstrip())


def _folder(folder: Path, seed: int) -> int:
    """One line a file; the worst exit status of all."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ScriptError(f"{folder}: holds no .toml file")
    worst = 0
    for path in files:
        try:
            script = read(path)
            records = _played(script, seed)
            failed = [v for v in (judge(e, records) for e in script.expectations) if not v.held]
            status, line = (1, f"NOT HELD {failed[0].expectation.text}") if failed else (0, script.title)
        except ScriptError as error:
            status, line = 2, str(error)
        print(f"{('held    ', 'NOT HELD', 'WRONG   ')[status]} {path.name}: {line}", flush=True)
        worst = max(worst, status)
    return worst
