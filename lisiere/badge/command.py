"""`lisiere badge`: what is done with members' badges at the desk."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from hardware.badge_reader import paths
from hardware.badge_reader.keys import KIOSK_KEY, MACHINE_KEY, KeysError, Master, master_of
from hardware.badge_reader.reading import ReaderGoneError
from hardware.badge_reader.writing import Desk, NotWritableError
from lisiere.badge.desk import written
from lisiere.badge.process import PATIENCE_S
from lisiere.badge.twin import Twin, TwinSaysNoError

WELL, FAILED, NO_READER = 0, 1, 2
EPILOG = """examples:
  lisiere badge desk /media/key/desk.json       make the workshop's master key, once
  lisiere badge enrol ana --reader tty:S0:pn532 --keys /media/key/desk.json --twin https://twin.local:8400
  lisiere badge enrol ana --replaces 04A1B2C3D4E5F6 ...
  lisiere badge lost 04A1B2C3D4E5F6 --twin https://twin.local:8400
  lisiere badge found 04A1B2C3D4E5F6 --twin https://twin.local:8400
The token is an administrator's: --token, or better LISIERE_TOKEN. A member may have several badges.
docs/badges.md says which cards to buy, and where to keep the master key.

exit status: 0 done, 1 not done, 2 no reader"""


def command(arguments: list[str]) -> int:
    """Run the command; the exit status."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except ReaderGoneError as error:
        print(f"lisiere badge: {error}; lisiere reader says what to check", file=sys.stderr)
        return NO_READER
    except (KeysError, NotWritableError, TwinSaysNoError, OSError, ValueError) as error:
        print(f"lisiere badge: {error}", file=sys.stderr)
        return FAILED
    return WELL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lisiere badge",
        description="Give members badges that cannot be copied, and take lost ones back.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(required=True, metavar="enrol | lost | found | desk")
    enrol = actions.add_parser("enrol", help="write a blank card, and make it a member's")
    enrol.add_argument("member", metavar="MEMBER")
    enrol.add_argument("--reader", required=True, metavar="PATH", help="as in lisiere reader")
    enrol.add_argument("--keys", required=True, type=Path, metavar="FILE", help="the desk's master key")
    enrol.add_argument("--replaces", metavar="NUMBER", help="a badge that is no good from now on")
    enrol.set_defaults(run=_enrol)
    for word, act, what in (("lost", _lost, "good for nothing from now on"), ("found", _found, "good again")):
        each = actions.add_parser(word, help=f"a badge is {what}")
        each.add_argument("number", metavar="NUMBER")
        each.set_defaults(run=act)
        _at_a_twin(each)
    _at_a_twin(enrol)
    desk = actions.add_parser("desk", help="make the workshop's master key, in a file of its own")
    desk.add_argument("file", type=Path, metavar="FILE")
    desk.set_defaults(run=_desk)
    return parser


def _at_a_twin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--twin", required=True, metavar="URL")
    parser.add_argument("--ca", metavar="FILE", help="the twin's own certificate authority: its tls/ca.pem")
    parser.add_argument("--token", default=os.environ.get("LISIERE_TOKEN", ""), help="or LISIERE_TOKEN")


def _enrol(options: argparse.Namespace) -> None:
    twin, master = Twin(options.twin, options.token, options.ca), master_of(options.keys)
    twin.check_member(options.member)
    reader = paths.open(options.reader, PATIENCE_S)
    try:
        print(f"found: {reader.name}. Lay a blank card on it.", file=sys.stderr)
        uid = written(reader, Desk(master), lambda moment, words: print(f"  {words}", file=sys.stderr))
    finally:
        reader.close()
    tell_twin(twin, master, options.member, uid)
    if options.replaces:
        twin.revoke(options.replaces)
    print(json.dumps({"member": options.member, "badge": uid, "strength": "ntag424"}))


def tell_twin(twin: Twin, master: Master, member: str, uid: str) -> None:
    """The twin is given the card's own keys, never the master key."""
    twin.put_card(member, uid, master.key(uid, MACHINE_KEY), master.key(uid, KIOSK_KEY))


def _lost(options: argparse.Namespace) -> None:
    Twin(options.twin, options.token, options.ca).revoke(options.number)


def _found(options: argparse.Namespace) -> None:
    Twin(options.twin, options.token, options.ca).restore(options.number)


def _desk(options: argparse.Namespace) -> None:
    """A new master key, in a file that only its owner reads, and that is never overwritten."""
    secret = {"master": os.urandom(16).hex(), "system": os.urandom(8).hex()}
    handle = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(secret) + "\n")
    print(f"{options.file}: keep a copy on paper in a safe, or no card can be written again", file=sys.stderr)
