"""The store: what is written is written whole, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ResourceClosedError

from access.book import Accepted
from access.vocabulary import Refusal
from twin.store import Store


def on_another_thread(ask):
    """What somebody else is answered, who waits for ten seconds at the most."""
    said = []
    thread = Thread(target=lambda: said.append(ask()), daemon=True)
    thread.start()
    thread.join(10)
    (answer,) = said
    return answer


def test_a_failed_transaction_leaves_nothing(shop):
    """What a transaction wrote before it failed is not there afterwards."""
    with pytest.raises(RuntimeError), shop.store.write() as conn:
        conn.execute(text("UPDATE units SET version = 99"))
        raise RuntimeError
    assert ("unit-saw", 99) not in shop.rows_of("SELECT id, version FROM units")


@pytest.mark.parametrize("way", ["read", "write", "statement"])
def test_what_the_driver_complains_of_is_said_as_sqlalchemy_does(tmp_path, way):
    """A busy or broken file is one kind of error, whoever asked it: the pages answer 503 to that one. What was
    written before it is gone, and the next transaction begins afresh, on whichever thread."""
    store = Store(tmp_path / "twin.db", durable=False)
    with pytest.raises(OperationalError), getattr(store, way)() as conn:
        conn.connection.dbapi_connection.execute("SELECT * FROM nothing")

    def epoch():
        with getattr(store, way)() as conn:
            return conn.execute(text("SELECT value FROM meta WHERE key = 'epoch'")).scalar_one()

    assert on_another_thread(epoch) == "1"
    store.close()


@pytest.mark.parametrize("way", ["write", "statement"])
def test_a_connection_that_is_gone_holds_nobody_up(tmp_path, way):
    """Whoever meets a connection that was closed is told so, and whoever comes after waits for nobody."""
    store = Store(tmp_path / "twin.db", durable=False)
    store._writer.close()

    def met():
        with pytest.raises(ResourceClosedError), getattr(store, way)():
            pass
        return True

    assert met() and on_another_thread(met)
    store.close()


def test_a_statement_by_itself_is_there_at_once(shop):
    """What one statement changes is there for everybody as soon as it is done, and nobody waits for its writer."""
    with shop.store.statement() as conn:
        conn.execute(text("UPDATE units SET version = 99"))
    assert set(on_another_thread(lambda: shop.rows_of("SELECT version FROM units"))) == {(99,)}


def test_a_store_is_opened_again_as_it_was_left(tmp_path):
    """Opening a store again changes nothing in it."""
    first = Store(tmp_path / "twin.db", durable=False)
    with first.write() as conn:
        conn.execute(text("UPDATE meta SET value = '7' WHERE key = 'epoch'"))
    first.close()
    again = Store(tmp_path / "twin.db", durable=False)
    with again.read() as conn:
        assert conn.execute(text("SELECT value FROM meta WHERE key = 'epoch'")).scalar_one() == "7"
    again.close()


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 0)])
def test_a_durable_store_waits_for_the_disk(tmp_path, durable, synchronous):
    """SQLite keeps a write-ahead log with full synchronisation, save where the store may be lost."""
    store = Store(tmp_path / "twin.db", durable=durable)
    with store.write() as conn:
        assert conn.execute(text("PRAGMA synchronous")).scalar_one() == synchronous
        assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert conn.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    store.close()


def test_reading_waits_for_no_writer(shop):
    """While a transaction writes, another thread reads what stood before it."""
    with shop.store.write() as conn, ThreadPoolExecutor(1) as pool:
        conn.execute(text("UPDATE units SET version = 99"))
        seen = pool.submit(shop.rows_of, "SELECT DISTINCT version FROM units").result(timeout=10)
    assert (99,) not in seen


def test_the_same_hours_asked_at_once_are_sold_once(shop):
    """Of eight threads that book the same hours, one gets them and seven are told of the overlap."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: shop.book(f"b{n}", 30, 31), range(8)))
    refused = [answer.reasons for answer in answers if not isinstance(answer, Accepted)]
    assert refused == [(Refusal.OVERLAP,)] * 7


def test_a_member_s_limit_holds_across_machines_asked_at_once(shop):
    """However many machines a member asks for at once, the limit on future bookings holds."""

    def ask(n):
        machine = ("saw", "lathe")[n % 2]
        return shop.book(f"b{n}", 30 + 2 * n, 31 + 2 * n, machine=machine)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sum(isinstance(answer, Accepted) for answer in answers) == 5
