"""The couriers between the screen and the units, and a kiosk that talks to a real port."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from access.book import Accepted
from access.bookings import Booking
from controller.link import TIMEOUT, Ask, Reply, UnitLink, UnitState, UnreachableUnit, WalkUp
from controller.panel import Panel
from kiosk.courier import TRIES, Courier

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
IDLE = UnitState(1, "overlock-1", NOON, "idle")
WALK_UP = WalkUp("k1", "zoé", 30.0)
ACCEPTED = Accepted(Booking("k1", "overlock-1", "zoé", NOON, NOON + timedelta(minutes=30)))
LIMIT_S = 20


class Anybody:
    """Signs nothing and believes everybody."""

    def sign(self, method: str, path: str, body: bytes) -> dict[str, str]:
        return {}

    def verify(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        return "anybody"


class Stand:
    """A port that answers every walk-up with yes, and a courier to it."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        self.panel = Panel(self._say_yes, Anybody(), Anybody())
        self.panel.start()
        self.link = UnitLink("overlock-1", self.panel.address, Anybody(), Anybody())
        self.courier = Courier(self.link)
        self.heard: SimpleQueue[UnitState | None] = SimpleQueue()
        self.answers: SimpleQueue[Any] = SimpleQueue()

    def _say_yes(self, ask: Ask, reply: Reply) -> None:
        self.asked.append(ask)
        reply(ACCEPTED)


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.courier.close()
    stand.panel.close()


def test_a_courier_brings_each_new_state(stand: Stand) -> None:
    """What a unit publishes reaches the screen, in order."""
    stand.panel.publish(IDLE)
    stand.courier.watch(stand.heard.put)
    assert stand.heard.get(timeout=LIMIT_S) == IDLE
    running = UnitState(2, "overlock-1", NOON, "running", member="ana")
    stand.panel.publish(running)
    assert stand.heard.get(timeout=LIMIT_S) == running


def test_a_courier_carries_an_ask_and_its_answer(stand: Stand) -> None:
    """What the screen asks for reaches the unit, and the answer comes back."""
    stand.courier.ask(WALK_UP, stand.answers.put)
    assert stand.answers.get(timeout=LIMIT_S) == ACCEPTED
    assert stand.asked == [WALK_UP]


def test_a_courier_carries_the_same_ask_again_and_then_gives_up(stand: Stand) -> None:
    """A unit that does not answer is asked the very same once more; then the screen is told."""
    tried: list[Ask] = []

    def lost(ask: Ask) -> Any:
        tried.append(ask)
        raise UnreachableUnit("overlock-1: no answer in time")

    stand.link.ask = lost  # type: ignore[method-assign]
    stand.courier.ask(WALK_UP, stand.answers.put)
    assert stand.answers.get(timeout=LIMIT_S) is None
    assert tried == [WALK_UP] * TRIES


def test_nobody_waits_longer_than_five_seconds_for_a_way_out() -> None:
    """A unit that never answers has been asked for the last time before five seconds are over."""
    assert TIMEOUT * TRIES < 5


def test_a_unit_that_is_gone_is_not_told_of_and_logged_once(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is heard of a lost unit; the log says once that it is lost, and once that it is back."""
    news: list[Callable[[], UnitState]] = [_lost, _lost, lambda: IDLE]

    def state(since: int, wait: int) -> UnitState:
        if not news:
            stand.courier.close()
            return IDLE
        return news.pop(0)()

    stand.link.state = state  # type: ignore[method-assign]
    stand.courier._closing.wait = lambda timeout: False  # type: ignore[method-assign,assignment]
    with caplog.at_level("INFO"):
        stand.courier.watch(stand.heard.put)
        assert stand.heard.get(timeout=LIMIT_S) == IDLE
        assert stand.heard.get(timeout=LIMIT_S) == IDLE
    with pytest.raises(Empty):
        stand.heard.get_nowait()
    assert [record.message for record in caplog.records if record.name == "kiosk.courier"] == [
        "overlock-1: gone",
        "overlock-1: answers again",
    ]


def _lost() -> UnitState:
    raise UnreachableUnit("overlock-1: gone")
