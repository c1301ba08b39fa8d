"""What befalls the site: each class of fault as acts of its own, drawn from the seed and the class alone, so that
leaving a class out changes none of the others."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from access.machines import Machine, Output
from lisiere.rehearse.script import Act
from lisiere.simulate.plan import CLASSES, Plan, log_uniform

AIMED = 0.8
"""How many of the faults strike shortly before or after somebody does something."""
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def acts_of_faults(plan: Plan, people: list[Act]) -> list[Act]:
    """Every fault of the classes that are on, with what ends it, in no order; most of them strike shortly
    before or after somebody does something."""
    found: list[Act] = []
    busy = {machine.id: [a.at for a in people if a.words.get("machine") == machine.id] for machine in plan.machines}
    for name in CLASSES:
        if name in plan.rates and name in _BEFALLS:
            for machine in plan.machines:
                rng = Random(f"fault {plan.seed} {name} {machine.id}")
                for at in _instants(plan, rng, plan.rates[name], busy[machine.id]):
                    found += _BEFALLS[name](machine, at, rng)
    return found


def _instants(plan: Plan, rng: Random, rate: float, busy: list[datetime]) -> Iterator[datetime]:
    """Instants at random, so many a day, most of them within minutes of what somebody does, before or after it."""
    at = plan.start
    while True:
        at += timedelta(seconds=round(rng.expovariate(rate) * DAY))
        if at >= plan.healed:
            return
        away = timedelta(seconds=round(log_uniform(rng, 1, 1_800)) * rng.choice((-1, 1)))
        aimed = rng.choice(busy) + away if busy else at
        struck = aimed if rng.random() < AIMED else at
        if plan.start < struck < plan.healed:
            yield struck


Befalls = Callable[[Machine, datetime, Random], Iterator[Act]]


def _act(machine: Machine, at: datetime, do: str, **words: Any) -> Act:
    return Act(at, do, {"machine": machine.id, **words})


def _for(low: int, high: int) -> Callable[[datetime, Random], datetime]:
    """How long something lasts, in seconds, short spells as likely as long ones."""
    return lambda at, rng: at + timedelta(seconds=round(log_uniform(rng, low, high)))


def _spell(begins: tuple[str, dict[str, Any]], ends: tuple[str, dict[str, Any]], low: int, high: int) -> Befalls:
    """Something that begins, lasts, and ends."""
    lasts = _for(low, high)

    def befalls(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
        yield _act(machine, at, begins[0], **begins[1])
        yield _act(machine, lasts(at, rng), ends[0], **ends[1])

    return befalls


def _weather(kind: str) -> Befalls:
    """Messages are lost, doubled, late or played again, each with some chance."""
    lasts = _for(6 * HOUR, 10 * DAY)

    def befalls(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
        yield _act(machine, at, "weather", kind=kind, chance=round(rng.uniform(0.1, 0.8), 3))
        yield _act(machine, lasts(at, rng), "weather", kind=kind, chance=0.0)

    return befalls


def _partition(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """Of any length; now and then it began so long before that the replica has grown old by now."""
    began = at - timedelta(seconds=rng.randint(6 * HOUR, 9 * HOUR)) if rng.random() < 0.4 else at
    yield _act(machine, began, "link_down")
    yield _act(machine, _for(10, 4 * DAY)(at, rng), "link_up")


def _crash(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """The process dies at one of the next times its disk is written, before or after that."""
    yield _act(machine, at, "crash", writes=rng.randint(1, 12), after=rng.random() < 0.5)


def _hang(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    if rng.random() < 0.5:
        yield _act(machine, at, "kill")
    else:
        yield _act(machine, at, "hang", seconds=round(log_uniform(rng, 0.2, 300), 1))


def _clock_step(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """Forth or back, by a second or by years; mostly while the twin cannot put it right at once."""
    by = timedelta(seconds=round(rng.choice((-1, 1)) * log_uniform(rng, 1, 30_000)))
    to = rng.choice((at + by, at + by, datetime.fromisoformat("1970-01-01T00:00:00+00:00")))
    if rng.random() < 0.6:
        yield _act(machine, at - timedelta(seconds=1), "link_down")
        yield _act(machine, _for(MINUTE, 12 * HOUR)(at, rng), "link_up")
    yield _act(machine, at, "clock_set", to=to)


def _drift(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    yield _act(machine, at, "drift", ppm=rng.randint(-80, 80))


def _power_cut(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """With the network gone as well, half of the time: then nobody says what time it is."""
    back = _for(1, 2 * DAY)(at, rng)
    yield _act(machine, at, "power_cut")
    yield _act(machine, back, "power_back")
    if rng.random() < 0.5:
        yield _act(machine, at - timedelta(seconds=1), "link_down")
        yield _act(machine, _for(MINUTE, HOUR)(back, rng), "link_up")


def _board_silent(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    if machine.output is Output.BOARD:
        yield from _spell(("board_down", {}), ("board_up", {}), 1, HOUR)(machine, at, rng)


def _stuck_sensor(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """The current sensor says nothing or always the same, or the contact's wire is broken or shorted."""
    stuck: dict[str, Any] = rng.choice(({"amps": 0.0}, {"amps": 3.0}, {"closed": False}, {"closed": True}))
    yield from _spell(("sensor_stuck", stuck), ("sensor_stuck", {}), 5, DAY)(machine, at, rng)


def _kiosk_repeats(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    yield from _spell(("kiosk_repeats", {"on": True}), ("kiosk_repeats", {"on": False}), HOUR, 4 * DAY)(
        machine, at, rng
    )


def _old_replica(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """The unit starts again on a replica that it had some time ago."""
    yield _act(machine, at - timedelta(seconds=round(log_uniform(rng, MINUTE, 5 * DAY))), "replica_copied")
    yield _act(machine, at, "old_replica")


def _cloned_card(machine: Machine, at: datetime, rng: Random) -> Iterator[Act]:
    """The unit's card is copied; sooner or later another device begins on the copy; the office enrols the unit
    again, which ends it."""
    begins = _for(MINUTE, 2 * DAY)(at, rng)
    yield _act(machine, at, "card_copied")
    yield _act(machine, begins, "clone_begins")
    yield _act(machine, _for(MINUTE, DAY)(begins, rng), "enrolled_again")


_BEFALLS: dict[str, Befalls] = {
    "drop": _weather("drop"),
    "duplicate": _weather("duplicate"),
    "reorder": _weather("reorder"),
    "delay": _weather("delay"),
    "replay": _weather("replay"),
    "partition": _partition,
    "twin_restart": _spell(("twin_down", {}), ("twin_up", {}), 5, 15 * MINUTE),
    "twin_restored": _spell(("twin_down", {}), ("twin_restored", {}), 5, 15 * MINUTE),
    "old_replica": _old_replica,
    "crash": _crash,
    "hang": _hang,
    "power_cut": _power_cut,
    "clock_step": _clock_step,
    "clock_drift": _drift,
    "board_silent": _board_silent,
    "welded_relay": _spell(("relay_welded", {"welded": True}), ("relay_welded", {"welded": False}), 5, DAY),
    "stuck_sensor": _stuck_sensor,
    "reader_mute": _spell(("reader_down", {}), ("reader_up", {}), 5, DAY),
    "disk_full": _spell(("disk_full", {}), ("disk_ok", {}), 5, DAY),
    "estop": _spell(("estop", {"pressed": True}), ("estop", {"pressed": False}), 1, HOUR),
    "cloned_card": _cloned_card,
    "kiosk_repeats": _kiosk_repeats,
}
"""What each class does. A class that is drawn and does nothing at this machine is simply not counted."""
