"""A unit's card in somebody else's hands: whatever is written into its tables grants nothing."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pytest

from access.facts import instant, stamp
from access.vocabulary import Outcome
from controller.events import CancelAsked
from controller.journal_reader import ROWS
from controller.journal_row import FIRST, JournalRow, canonical, chained, commitment_of
from server_sync.identity import PrivateKey, seal
from tests.world.town import SAW, Town

Edit = Callable[[sqlite3.Connection], object]


def offline(town: Town) -> None:
    """Out of the twin's reach, ana has a walk-up, bilal gave his back, chloe never had any."""
    town.wait(1)
    town.bench.line.link(False)
    town.walk_up("w-bilal", "bilal", 20)
    town.bench.tell_unit(CancelAsked("w-bilal", lambda answer: None))
    town.wait(1)
    town.walk_up("w-ana", "ana", 120)
    town.wait(1)
    town.off()


def granted(town: Town) -> set[str]:
    """Who is given power when the unit is back; each stops again."""
    town.on()
    found = set()
    for member in ("ana", "bilal", "chloe"):
        decision = town.tap(member)
        if decision is not None and decision.outcome is Outcome.GRANTED:
            found.add(member)
            town.tap(member)
    return found


def rows(db: sqlite3.Connection) -> list[JournalRow]:
    """The journal as it stands."""
    return [JournalRow(*row) for row in db.execute(ROWS + "ORDER BY r.epoch, r.seq")]


def rewritten(db: sqlite3.Connection, wanted: list[JournalRow]) -> None:
    """These rows, numbered and chained as they should be: all that can be done without the unit's key."""
    db.execute("DELETE FROM rows")
    db.execute("DELETE FROM openings")
    prev = FIRST
    for seq, row in enumerate(wanted, 1):
        opening = json.loads(row.opening)
        row = replace(row, seq=seq, prev=prev, commitment=commitment_of(opening) if opening else row.commitment)
        row = replace(row, hash=chained(SAW, row))
        prev = row.hash
        values = [getattr(row, name) for name in JournalRow.__slots__]
        db.execute(f"INSERT INTO rows VALUES ({','.join('?' * 12)})", values[:12])
        db.execute("INSERT INTO openings VALUES (?, ?, ?)", (row.epoch, row.seq, row.opening))


def to(member: str, row: JournalRow) -> JournalRow:
    """The same row, of another member."""
    return replace(row, opening=canonical(json.loads(row.opening) | {"member": member}))


def is_booking(row: JournalRow, outcome: str) -> bool:
    return row.kind == "booking" and row.body_fields["outcome"] == outcome


def give_to_chloe(db: sqlite3.Connection) -> None:
    """Ana's walk-up becomes chloe's, the chain worked out anew."""
    rewritten(db, [to("chloe", row) if is_booking(row, "accepted") else row for row in rows(db)])


def take_back_the_cancellation(db: sqlite3.Connection) -> None:
    """Bilal never gave his walk-up back, and it lasts all day; ana has none."""
    kept = [row for row in rows(db) if row.kind != "booking" or "w-bilal" in row.body]
    longer = [
        replace(row, body=canonical(row.body_fields | {"end": stamp(row_end(row))}))
        if row.kind == "booking"
        else row
        for row in kept
        if not is_booking(row, "cancelled")
    ]
    rewritten(db, longer)


def row_end(row: JournalRow) -> datetime:
    """The end of that day."""
    return instant(row.body_fields["start"]).replace(hour=22)


def forge_one_more(db: sqlite3.Connection) -> None:
    """A walk-up of chloe's is added at the end."""
    all_rows = rows(db)
    pattern = next(row for row in all_rows if is_booking(row, "accepted"))
    rewritten(db, [*(row for row in all_rows if row.kind != "booking"), to("chloe", pattern)])


def only_the_opening(db: sqlite3.Connection) -> None:
    """The names beside the chain are changed, and nothing else."""
    db.execute("""UPDATE openings SET opening = replace(opening, '"ana"', '"chloe"')""")


def cut_off_the_end(db: sqlite3.Connection) -> None:
    """All that came after bilal's walk-up is gone."""
    last = next(row for row in rows(db) if is_booking(row, "accepted")).seq
    db.execute("DELETE FROM rows WHERE seq > ?", (last,))
    db.execute("DELETE FROM openings WHERE seq > ?", (last,))


def without_a_signature(edit: Edit) -> Edit:
    """The same, and the signature is gone too."""

    def both(db: sqlite3.Connection) -> None:
        edit(db)
        db.execute("DELETE FROM head")

    both.__name__ = f"{getattr(edit, '__name__', 'edit')}_unsigned"
    return both


def signed_by_a_stranger(db: sqlite3.Connection) -> None:
    """A forged walk-up, signed with some other key."""
    forge_one_more(db)
    last = rows(db)[-1]
    message = f"lisiere journal {SAW}\n{last.epoch} {last.seq} {last.hash}\n".encode()
    db.execute("UPDATE head SET signature = ?", (PrivateKey(b"s" * 32).sign(message),))


FORGERIES = [give_to_chloe, take_back_the_cancellation, forge_one_more, cut_off_the_end]
SIMPLE: dict[str, Edit] = {
    "site": lambda db: db.execute("UPDATE site SET epoch = epoch + 1"),
    "head": lambda db: db.execute("UPDATE head SET signature = x'00'"),
    "checkpoint": lambda db: db.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, 'x', 1, 1)"),
    "rows": lambda db: db.execute("DELETE FROM rows"),
    "openings": lambda db: db.execute("DELETE FROM openings"),
}
EDITS = {edit.__name__: edit for edit in (*FORGERIES, only_the_opening, signed_by_a_stranger)}
EDITS |= {both.__name__: both for both in map(without_a_signature, FORGERIES)}


def edit(town: Town, name: str, change: Edit) -> None:
    """Change a file on the card."""
    with closing(sqlite3.connect(town.unit_folder / name)) as db, db:
        change(db)


def test_without_an_edit_only_ana_is_granted(town: Town) -> None:
    """The unit's own unsent walk-up is good after a restart: that is what the edits below try to bend."""
    offline(town)
    assert granted(town) == {"ana"}


@pytest.mark.parametrize("name", EDITS)
def test_a_forged_journal_grants_nothing(town: Town, name: str) -> None:
    """Nobody who had no booking is given power, and the unit says that its journal is not what it wrote."""
    offline(town)
    edit(town, "journal.db", EDITS[name])
    assert granted(town) <= {"ana"}
    assert any("journal damaged" in said for said in town.reports())


@pytest.mark.parametrize("table", SIMPLE)
def test_no_edit_of_a_table_grants_anything(town: Town, table: str) -> None:
    """Each table of the journal, edited as one may with `sqlite3`, gives power to nobody new."""
    offline(town)
    edit(town, "journal.db", SIMPLE[table])
    assert granted(town) <= {"ana"}


def test_every_table_is_edited_here(town: Town) -> None:
    """A table that is added to a unit's folder needs an edit above."""
    offline(town)
    found = set()
    for name in ("journal.db", "replica.db"):
        with closing(sqlite3.connect(town.unit_folder / name)) as db:
            found |= {str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert found == {*SIMPLE, "kept"}


@pytest.mark.parametrize("name", ["replica", "reply"])
def test_an_edited_replica_grants_nothing(town: Town, name: str) -> None:
    """What the twin did not sign is not believed, whether it is signed by somebody else or by nobody."""
    offline(town)

    def forged(db: sqlite3.Connection) -> None:
        sealed = bytes(db.execute("SELECT sealed FROM kept WHERE name = ?", (name,)).fetchone()[0])
        payload = sealed.partition(b".")[2].replace(b"member", b"staff ")
        db.execute("UPDATE kept SET sealed = ? WHERE name = ?", (seal(payload, PrivateKey(b"s" * 32)), name))

    edit(town, "replica.db", forged)
    assert granted(town) <= {"ana"}


def test_a_card_without_files_grants_nothing(town: Town) -> None:
    """Where journal and replica are gone, nobody is known."""
    offline(town)
    for path in (*town.unit_folder.glob("*.db*"),):
        path.unlink()
    assert granted(town) == set()
