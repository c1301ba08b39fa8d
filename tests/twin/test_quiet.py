"""An exchange in which nothing is new is answered in one statement, as the whole exchange would answer it."""

from contextlib import suppress
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from access.facts import PowerSwitched
from access.policy import Policy
from access.replica import Version
from access.vocabulary import Cause
from server_sync.wire import ExchangeRequest
from twin import quiet
from twin.desk import Desk
from twin.exchange import UnknownUnit
from twin.restored import begin_epoch
from twin.store import Store

KEPT = "SELECT * FROM units ORDER BY id", "SELECT * FROM progress ORDER BY unit, epoch"
HAPPENS = st.sampled_from(
    [*["sync"] * 3, "lost", "note", "book", "lock", "policy", "hour", "month", "epoch", "restored", "revoked"]
)
SAYS = [(), (), (), (1,), (0, 1), (0, 0, True)]
"""What `asked` is given: mostly that all is as it was."""


class Undone(Exception):
    """Takes back what a transaction did."""


def happen(shop, unit, what, n):
    """Let one thing happen."""
    match what:
        case "sync" | "lost":
            with suppress(UnknownUnit):
                unit.sync(lost=what == "lost")
        case "note":
            unit.note(PowerSwitched(True, Cause.GRANTED))
        case "book":
            shop.book(f"b{n}", 1 + n, 2 + n)
        case "lock":
            shop.people.lock("saw", "ana", "blade")
        case "policy":
            shop.people.put_policy(Policy(lease_hours=1 + n % 48))
        case "hour" | "month":
            shop.wait(**{"hours": 1} if what == "hour" else {"days": 31})
        case "epoch":
            unit.epoch += 1
            unit.journal, unit.facts, unit.acked = [], [], 0
        case "restored":
            begin_epoch(shop.store, shop.now)
        case "revoked":
            shop.people.revoke_unit("unit-saw")


def asked(unit, behind=0, ahead=0, starting=False):
    """What a unit without rows may say: its replica as it is or an older one, its journal as far as it was told or
    farther."""
    have = Version(unit.have.epoch, max(0, unit.have.n - behind))
    last_seq = len(unit.journal) + ahead
    return ExchangeRequest(unit.name, unit.epoch, "n", have, last_seq=last_seq, starting=starting)


def outcome(shop, answer):
    """What somebody answers, and what that leaves in the tables; all of it is taken back."""
    said = []
    with suppress(Undone, UnknownUnit), shop.store.write() as conn:
        said.append(answer(Desk(conn, shop.now)))
        said.extend(tuple(map(tuple, conn.execute(text(query)))) for query in KEPT)
        raise Undone
    return said


def policy_of(shop):
    """The policy, as it is kept."""
    return shop.rows_of("SELECT value FROM meta WHERE key = 'policy'")[0][0]


@pytest.mark.parametrize("walks", [60, pytest.param(2_000, marks=pytest.mark.long)])
def test_what_is_answered_in_one_statement_is_what_the_whole_exchange_answers(tmp_path, workshop, walks):
    """Whatever happened before: the same reply and the same tables, or no quick answer at all."""
    numbers, quick = count(), count()

    @settings(max_examples=walks, deadline=None, derandomize=True, database=None)
    @given(st.lists(HAPPENS, max_size=12), st.integers(0, 2), st.sampled_from(SAYS))
    def walk(steps, syncs, says):
        shop = workshop(Store(tmp_path / f"{next(numbers)}.db", durable=False))
        unit = shop.unit()
        known = policy_of(shop)
        for n, what in enumerate(["note", *steps, *["sync"] * syncs]):
            happen(shop, unit, what, n)
        request = asked(unit, *says)
        at_once = outcome(shop, lambda desk: quiet.reply(desk, request, known))
        if at_once[0] is not None:
            next(quick)
            assert at_once == outcome(shop, lambda desk: shop.exchange.reply(desk, request))
        shop.store.close()

    walk()
    assert next(quick) > walks / 20


@pytest.mark.parametrize(
    "news",
    [
        "UPDATE units SET revoked = true",
        "UPDATE units SET version = version + 1",
        "UPDATE units SET reach = '2026-04-08T12:00:00.000Z'",
        "UPDATE progress SET fork = 'another device'",
        "UPDATE progress SET retired = true",
        "UPDATE progress SET highest = 0",
        "UPDATE meta SET value = '2' WHERE key = 'epoch'",
        "UPDATE meta SET value = value || ' ' WHERE key = 'policy'",
        "INSERT INTO progress VALUES ('unit-saw', 2, 1, 1, 0, NULL, false)",
        "INSERT INTO requests VALUES ('r', 'unit-saw', 'book', '', 'b', 'ana', '', '', 0, 'pending', NULL)",
    ],
)
def test_whatever_is_new_needs_the_whole_exchange(shop, unit, news):
    """A unit that was answered at once is not, once any one thing is new."""
    unit.note(PowerSwitched(True, Cause.GRANTED))
    unit.sync()
    request, known = asked(unit), policy_of(shop)
    assert outcome(shop, lambda desk: quiet.reply(desk, request, known))[0] is not None
    with shop.store.write() as conn:
        conn.execute(text(news))
    assert outcome(shop, lambda desk: quiet.reply(desk, request, known))[0] is None
