"""Waiting for news, and how the machines stand."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from access.facts import stamp
from access.replica import Version
from server_sync.wire import ExchangeRequest, request_to_bytes
from tests.twin_app.workshop import START, Site
from twin.auth import Role
from twin.people import People
from twin.store import Store
from twin.waiting import Standing, Watch

PATH = "/api/units/u-press/changes"


def poll(site: Site, version: int, epoch: int = 1, wait: float = 0) -> Any:
    """What a unit hears that has this version."""
    return site.device("u-press", "GET", f"{PATH}?version={version}&epoch={epoch}&wait={wait}").json()


def version(site: Site) -> int:
    """The unit's version now."""
    return int(poll(site, 0)["version"])


def test_a_unit_that_is_behind_hears_at_once(site: Site) -> None:
    """Of a higher version, or of another epoch of the twin; else of nothing."""
    now = version(site)
    assert poll(site, now - 1, wait=20) == {"changed": True, "epoch": 1, "version": now, "pending": False}
    assert poll(site, now)["changed"] is False
    assert poll(site, now + 5, epoch=0, wait=20)["changed"] is True


async def while_waiting(site: Site, act: Callable[[], Awaitable[None] | None], wait: int = 20) -> Any:
    """What a unit hears that waits while `act` happens."""
    twin = site.app.state.twin
    path = f"{PATH}?version={await asyncio.to_thread(version, site)}&epoch=1&wait={wait}"
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        waiting = asyncio.create_task(client.get(path, headers=site.signed("u-press", "GET", path)))
        while not twin.changes.waiting:
            await asyncio.sleep(0)
        before = asyncio.get_running_loop().time()
        await asyncio.to_thread(act)
        acted = asyncio.get_running_loop().time()
        answer = await waiting
    return answer.json(), asyncio.get_running_loop().time() - acted, acted - before


def test_a_change_made_by_another_process_wakes_the_unit(site: Site) -> None:
    """Another store on the same file, as another process has it: heard in about a tenth of a second."""
    other = Store(site.path, durable=False)

    heard, took, _ = asyncio.run(while_waiting(site, lambda: People(other).revoke("04A1B2C3D4E5F6")))
    other.close()
    assert heard["changed"] is True
    assert took < 2  # 0.1 s and two looks; the rest is for a busy machine


def test_those_who_wait_are_let_go_when_the_twin_stops(site: Site) -> None:
    """Nobody holds up a stop."""
    heard, took, _ = asyncio.run(while_waiting(site, site.app.state.twin.close))
    assert heard["changed"] is False
    assert took < 2


def test_a_unit_that_is_taken_away_while_it_waits_is_told(site: Site) -> None:
    """There is nothing to wait for any more."""
    looked: list[Standing] = [Standing(1, 0)]
    watch: Watch[Standing] = Watch(lambda keys: {"u": looked[0]} if looked else {})

    async def story() -> Standing | None:
        waiting = asyncio.create_task(watch.wait("u", lambda standing: False, 20))
        while not watch.waiting:
            await asyncio.sleep(0)
        looked.clear()
        return await waiting

    assert asyncio.run(story()) is None


def test_one_look_serves_all_who_wait_and_none_is_made_for_nobody() -> None:
    """A hundred units that wait cost one query each time, and none once they are gone."""
    looks: list[int] = []

    def look(keys: frozenset[str]) -> dict[str, Standing]:
        looks.append(len(keys))
        return {key: Standing(1 if max(looks) < 100 else 2, 0) for key in keys}

    watch = Watch(look)

    async def story() -> list[Standing | None]:
        waits = [watch.wait(f"u{n}", lambda standing: standing.version > 1, 20) for n in range(100)]
        return list(await asyncio.gather(*waits))

    assert asyncio.run(story()) == [Standing(2, 0)] * 100
    assert watch.waiting == 0
    assert len([count for count in looks if count > 1]) < 20


def test_a_database_that_fails_fails_those_who_wait(site: Site) -> None:
    """They are told now, not at the end of their patience, and the next one may wait again."""
    answers: list[Any] = [{"u": Standing(1, 0)}]

    def look(keys: frozenset[str]) -> dict[str, Standing]:
        if not answers:
            raise OperationalError("SELECT", None, Exception("gone"))
        return dict(answers.pop())

    async def story() -> None:
        with pytest.raises(OperationalError):
            await Watch(look).wait("u", lambda standing: False, 20)

    asyncio.run(story())


def test_an_exchange_for_another_unit_is_refused(site: Site) -> None:
    """The signed unit and the one in the exchange must be one."""
    body = request_to_bytes(ExchangeRequest("u-overlock", 1, "", Version(0, 0)))
    answer = site.device("u-press", "POST", "/api/units/u-press/exchange", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "unreadable")
    assert site.device("u-press", "POST", "/api/units/u-press/exchange", b"[]").status_code == 400


def states(site: Site) -> dict[str, Any]:
    """The live states, by machine."""
    return {state["machine"]: state for state in site.ask(Role.ADMIN, "GET", "/api/states").json()}


def test_a_machine_is_as_its_unit_last_told(site: Site) -> None:
    """Phase, since, until and faults; and it is out of reach once the unit was silent for 30 seconds."""
    told = {
        "phase": "running",
        "since": stamp(START),
        "until": stamp(START + timedelta(hours=1)),
        "faults": [],
    }
    site.exchange("u-press", state=told)
    seen = states(site)["press-1"]
    assert (seen["phase"], seen["since"], seen["online"]) == ("running", stamp(START), True)
    assert states(site)["overlock-1"]["online"] is False
    site.clock.forward(31)
    assert states(site)["press-1"]["online"] is False


def test_nonsense_from_a_unit_is_shown_as_nothing(site: Site) -> None:
    """What a unit tells for the page is believed no further than its words go."""
    site.exchange("u-press", state={"phase": "<b>", "since": 3, "until": "soon", "faults": ["estop", "<i>", 4]})
    seen = states(site)["press-1"]
    assert (seen["phase"], seen["since"], seen["until"], seen["faults"]) == (None, None, None, ["estop"])


def test_the_next_booking_is_part_of_the_state(site: Site) -> None:
    """Until when it is booked, else when the next booking starts."""
    for id, hours in (("b1", 0.5), ("b2", 3)):
        body = {"id": id, "machine": "press-1", "member": "ana"}
        hours_of = [stamp(START + timedelta(hours=hours + more)) for more in (0, 1)]
        made = site.ask(
            Role.ADMIN,
            "POST",
            "/api/bookings",
            json=body | dict(zip(("start", "end"), hours_of, strict=True)),
        )
        assert made.status_code == 201, made.text
    assert states(site)["press-1"]["next_booking"] == stamp(START + timedelta(minutes=30))
    site.clock.forward(3600)
    assert states(site)["press-1"]["booked_until"] == stamp(START + timedelta(minutes=90))
    assert states(site)["press-1"]["next_booking"] == stamp(START + timedelta(hours=3))
