"""A person is forgotten, here and on the machines' cards, and every chain stays whole."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from access.vocabulary import Outcome, Reason
from controller.journal_reader import JournalReader
from tests.world.town import BADGES, SAW, Town
from twin.people import Erased, Unknown


def visits(town: Town) -> None:
    """Ana and bilal each use the machine; ana has hours to come, near and far."""
    town.booked("b-ana", "ana", 0, 30)
    town.booked("b-bilal", "bilal", 40, 70)
    town.booked("far", "ana", 9 * 1440, 9 * 1440 + 60)
    town.wait(1)
    for member in ("ana", "bilal"):
        town.tap(member)
        town.wait(5)
        town.tap(member)
        town.wait(35)
    town.walk_up("w-ana", "ana", 60)
    town.wait(1)


def erase(town: Town, member: str = "ana") -> None:
    """The association forgets a member."""
    town.site.people.erase(member, town.site.schedule.now())
    town.site.spread()
    town.wait(1)


def openings(town: Town) -> list[dict[str, str]]:
    """Whom the rows on the unit's card name."""
    reader = JournalReader.open(town.unit_folder / "journal.db")
    with closing(reader):
        return [row.opening_fields for row in reader.all_rows() if row.opening_fields]


def named_at_twin(town: Town, member: str) -> int:
    """How often any of the twin's tables names a member."""
    found = 0
    with closing(sqlite3.connect(town.site.twin_file)) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            text = json.dumps(db.execute(f"SELECT * FROM {table}").fetchall())
            found += text.count(f'"{member}"') + text.count(f'\\"{member}\\"') + text.count(BADGES[member])
    return found


def test_an_erased_member_is_named_nowhere(town: Town) -> None:
    """Neither a table of the twin nor a row on the unit's card names the member; the others are as before."""
    visits(town)
    assert named_at_twin(town, "ana") > 0
    erase(town)
    assert named_at_twin(town, "ana") == 0
    assert {opening.get("member") for opening in openings(town)} == {"bilal"}


def test_the_name_is_gone_from_the_card_itself(town: Town) -> None:
    """Not only the rows: the bytes of the unit's journal hold the salt and the name no more."""
    visits(town)
    salt = next(opening["salt"] for opening in openings(town) if opening["member"] == "ana").encode()
    erase(town)
    town.off()
    assert not any(salt in path.read_bytes() for path in town.unit_folder.glob("journal.db*"))


def test_the_chain_stays_whole(town: Town) -> None:
    """After an erasure the journal on the card has no bad row, and the unit starts on it and believes it."""
    visits(town)
    erase(town)
    assert town.first_bad_row() is None
    town.off()
    town.on()
    assert not any("damaged" in said for said in town.reports())
    assert town.first_bad_row() is None


def test_the_figures_do_not_change(town: Town) -> None:
    """Runs, rows and powered seconds are the same before and after."""
    visits(town)
    before = town.site.summary()
    erase(town)
    after = town.site.summary()
    assert before["events"] > 0
    assert (after["runs"], after["powered_seconds"]) == (before["runs"], before["powered_seconds"])


def test_hours_to_come_are_given_back(town: Town) -> None:
    """What the member had booked is free again: the unit sells it to somebody else."""
    visits(town)
    erase(town)
    assert {id: state for id, state in town.bookings().items() if id in ("far", "w-ana")} == {
        "far": "cancelled",
        "w-ana": "cancelled",
    }
    town.walk_up("w-bilal", "bilal", 30)
    town.wait(1)
    assert town.tap("bilal").outcome is Outcome.GRANTED
    assert town.tap("ana").reason is Reason.IN_USE or town.tap("ana").reason is Reason.BADGE_UNKNOWN


def test_a_unit_out_of_reach_forgets_when_it_is_back(town: Town) -> None:
    """Rows of the member that were made meanwhile arrive at the twin without the name."""
    visits(town)
    town.bench.line.link(False)
    town.tap("ana")
    town.wait(5)
    town.tap("ana")
    erase(town)
    assert any(opening.get("member") == "ana" for opening in openings(town))
    town.bench.line.link(True)
    town.wait(1)
    town.site.finish()
    assert named_at_twin(town, "ana") == 0
    assert not any(opening.get("member") == "ana" for opening in openings(town))
    assert (town.first_bad_row(), town.site.summary()["gaps"]) == (None, 0)


def test_a_run_that_the_erasure_ends_names_nobody(town: Town) -> None:
    """The member is at the machine when forgotten: the run ends, and its row has no name either."""
    visits(town)
    town.tap("ana")
    town.wait(1)
    erase(town)
    town.wait(1)
    town.site.finish()
    assert town.site.summary()["runs"] == 3
    assert named_at_twin(town, "ana") == 0
    assert not any(opening.get("member") == "ana" for opening in openings(town))


def test_an_erased_id_is_never_used_again(town: Town) -> None:
    """Neither for the same person nor for another; and nobody is erased who was never there."""
    erase(town, "chloe")
    with pytest.raises(Erased):
        town.site.people.put_member("chloe")
    with pytest.raises(Unknown):
        town.site.people.erase("nobody", town.site.schedule.now() + timedelta(days=1))


def test_the_saw_is_still_there(town: Town) -> None:
    """Erasing whoever locked a machine leaves it locked."""
    town.site.people.lock(SAW, "chloe", "lame")
    erase(town, "chloe")
    assert town.asked("SELECT locked, locked_by FROM machines") == [(1, None)]
