"""What one seed is about: a workshop, its policy and people, how busy it is, and which faults befall it.

Everything is drawn from the seed alone. Each class of fault is on or off, and its rate is drawn log-uniform, so
that some seeds are calm, some see a single fault all the time, and some see everything at once.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from access.machines import Machine, Output
from access.people import Category, Role
from access.policy import Policy, UntrustedClock
from access.times import Hours, Opening
from lisiere.rehearse.script import Person

DAYS = 28
"""How long a seed plays."""
HEALING = timedelta(hours=3)
"""How long before its end a seed knows no fault any more."""
VISITS = (0.15, 1.5)
"""The visits of a device-day: each is a booking, a walk-up or a stranger, with two taps on the average."""
FAULTS = (1 / 40, 1 / 4)
"""The rate of one class of fault, where it is on: so many a device-day."""
ON = (3, 8)
"""How often a class of fault is on: in three of eight seeds in a row, whichever these are."""
CALM = 0.08
"""How often a seed knows no fault at all."""

CLASSES = (
    *("drop", "duplicate", "reorder", "delay", "replay", "partition", "twin_restart", "twin_restored"),
    *("old_replica", "crash", "hang", "power_cut", "clock_step", "clock_drift", "board_silent", "welded_relay"),
    *("stuck_sensor", "reader_mute", "disk_full", "estop", "cloned_card", "kiosk_repeats"),
)
"""The classes of fault, as they are counted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One seed's workshop. `rates`: the faults that are on, each so many a device-day."""

    seed: int
    start: datetime
    machines: tuple[Machine, ...]
    people: tuple[Person, ...]
    policy: Policy
    opening: Opening
    visits: float
    rates: Mapping[str, float]

    @property
    def healed(self) -> datetime:
        """When everything is made good."""
        return self.start + timedelta(days=DAYS) - HEALING

    @property
    def device_days(self) -> int:
        """How much of the wanted time this seed plays."""
        return DAYS * len(self.machines)


def plan(seed: int) -> Plan:
    """What a seed is about."""
    rng = Random(f"plan {seed}")
    return Plan(
        seed,
        _start(rng),
        tuple(_machine(rng, number) for number in range(1, rng.choice((1, 2, 2, 3)) + 1)),
        _people(rng),
        _policy(rng),
        _opening(rng),
        log_uniform(rng, *VISITS),
        _rates(rng, seed),
    )


def log_uniform(rng: Random, low: float, high: float) -> float:
    """A number whose logarithm is drawn evenly."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _start(rng: Random) -> datetime:
    """A morning; every fourth seed plays through one of the two nights on which the clocks change."""
    month = rng.choice((3, 10)) if rng.random() < 0.25 else rng.randint(1, 12)
    return datetime.fromisoformat(f"2027-{month:02}-{rng.randint(5, 12):02}T06:00:00+00:00")


def _machine(rng: Random, number: int) -> Machine:
    return Machine(
        f"machine-{number}",
        requires=frozenset({"sewing"}) if rng.random() < 0.4 else frozenset(),
        output=rng.choice((Output.GPIO, Output.BOARD)),
        senses_current=rng.random() < 0.8,
        feedback=rng.random() < 0.8,
        rtc=rng.random() < 0.5,
        hazardous=rng.random() < 0.2,
    )


def _people(rng: Random) -> tuple[Person, ...]:
    """Six members, a technician and somebody of the staff; some are not qualified."""
    roles = {"tina": Role.TECHNICIAN, "sara": Role.STAFF, "theo": Role.TRAINER}
    names = ("ana", "bilal", "chloe", "david", "emma", "theo", "tina", "sara")
    return tuple(
        Person(
            name,
            tuple(f"04{place:02X}{badge:02X}A0B0C0D0" for badge in range(rng.choice((1, 1, 2)))),
            frozenset({"sewing"}) if rng.random() < 0.8 else frozenset(),
            roles.get(name, Role.MEMBER),
            Category.PARTICULIER,
            None,
        )
        for place, name in enumerate(names)
    )


def _policy(rng: Random) -> Policy:
    return Policy(
        grace_after_end_minutes=rng.choice((0, 2, 5)),
        idle_off_minutes=rng.choice((3, 15)),
        no_show_minutes=rng.choice((10, 15)),
        max_run_minutes=rng.choice((45, 240)),
        walk_up_on_tap=rng.random() < 0.3,
        lease_hours=rng.choice((2, 24, 24, 48)),
        offline_hours=rng.choice((6, 72)),
        untrusted_clock=rng.choice((UntrustedClock.REFUSE, UntrustedClock.STAFF_ONLY)),
        hold_seconds=rng.choice((0.5, 0.5, 1.0)),
        checkpoint_seconds=rng.choice((10, 30)),
        max_future_bookings=rng.choice((2, 5)),
    )


def _opening(rng: Random) -> Opening:
    """Open around the clock, or on some days of the week."""
    if rng.random() < 0.3:
        return Opening()
    days = frozenset(rng.sample(range(7), rng.choice((4, 5, 6))))
    return Opening("Europe/Paris", (Hours(days, time(rng.choice((8, 10))), time(rng.choice((18, 22)))),))


def _rates(rng: Random, seed: int) -> dict[str, float]:
    if rng.random() < CALM:
        return {}
    return {name: log_uniform(rng, *FAULTS) for name in CLASSES if _is_on(name, seed)}


def _is_on(name: str, seed: int) -> bool:
    times, of = ON
    return seed % of in Random(f"class {name} {seed // of}").sample(range(of), times)
