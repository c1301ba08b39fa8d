"""A kiosk's card desk, as a process of its own: it holds the master key while one card is written, and ends.

    python -m lisiere.badge.process READER KEYS

It says lines of JSON: `{"moment": ...}`, and in the end `{"card": {...}}` with the card's own two keys, or
`{"obstacle": ...}`. The master key is read from its file here, and leaves this process in no line.
"""

import json
import logging
import sys
from pathlib import Path

from hardware.badge_reader import paths
from hardware.badge_reader.keys import KIOSK_KEY, MACHINE_KEY, KeysError, master_of
from hardware.badge_reader.reading import ReaderGoneError
from hardware.badge_reader.writing import Desk, NotWritableError
from lisiere.badge.desk import Moment, written

PATIENCE_S = 20.0
"""How long a card may take to be written; a second is usual."""


def main() -> int:
    """Write one card; 1 where none was written."""
    logging.getLogger("nfc").setLevel(logging.CRITICAL)
    path, keys = sys.argv[1:]
    try:
        _say(card=_card(path, Path(keys)))
    except KeysError as error:
        return _refuse("no_keys", error)
    except ReaderGoneError as error:
        return _refuse("no_reader", error)
    except NotWritableError as error:
        return _refuse("no_blank", error)
    return 0


def _card(path: str, keys: Path) -> dict[str, str]:
    master = master_of(keys)
    reader = paths.open(path, PATIENCE_S)
    try:
        uid = written(reader, Desk(master), _tell)
    finally:
        reader.close()
    machine, kiosk = master.key(uid, MACHINE_KEY), master.key(uid, KIOSK_KEY)
    return {"number": uid, "machine_key": machine.hex(), "kiosk_key": kiosk.hex()}


def _tell(moment: Moment, words: str) -> None:
    _say(moment=moment)


def _refuse(obstacle: str, error: Exception) -> int:
    print(f"card desk: {error}", file=sys.stderr)
    _say(obstacle=obstacle)
    return 1


def _say(**line: object) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
