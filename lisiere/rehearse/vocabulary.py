"""The words a rehearsal file may use: for each table and step its keys, what each must be, and its default."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

REQUIRED: Any = object()
"""The default of a key that must be given."""


@dataclass(frozen=True, slots=True)
class Key:
    """What one key must be (a kind that `lisiere.rehearse.reading` knows), and its default."""

    kind: str
    default: Any = REQUIRED


class Weather(StrEnum):
    """What a simulated network does to messages: it loses, doubles or holds back a request, is slow to answer, or
    gives the answer before."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    REPLAY = "replay"


FILE = {
    "title": Key("text", ""),
    "simulation": Key("whole number", None),
    "timezone": Key("timezone", "Europe/Paris"),
    "start": Key("instant"),
    "end": Key("instant"),
    "policy": Key("table", {}),
    "opening": Key("tables", []),
    "machine": Key("tables", []),
    "member": Key("tables", []),
    "booking": Key("tables", []),
    "step": Key("tables", []),
    "expect": Key("tables", []),
}

OPENING = {"days": Key("days"), "from": Key("hour"), "to": Key("hour")}

MACHINE = {
    "id": Key("name"),
    "requires": Key("names", []),
    "output": Key("output", "gpio"),
    "senses_current": Key("yes or no", True),
    "idle_below_a": Key("amount", 0.2),
    "feedback": Key("yes or no", True),
    "rtc": Key("yes or no", False),
    "hazardous": Key("yes or no", False),
    "weakest_badge": Key("strength", None),
}

MEMBER = {
    "id": Key("name"),
    "badges": Key("badges", []),
    "qualifications": Key("names", []),
    "role": Key("role", "member"),
    "category": Key("category", "particulier"),
    "valid_until": Key("instant", None),
}

BOOKING = {
    "id": Key("name"),
    "machine": Key("machine"),
    "member": Key("member"),
    "start": Key("instant"),
    "end": Key("instant"),
}

STEPS = {
    "tap": {"machine": Key("machine"), "badge": Key("badge"), "strength": Key("strength", "ntag424")},
    "current": {"machine": Key("machine"), "amps": Key("amount")},
    "estop": {"machine": Key("machine"), "pressed": Key("yes or no")},
    "kill": {"machine": Key("machine")},
    "hang": {"machine": Key("machine"), "seconds": Key("amount")},
    "power_cut": {"machine": Key("machine")},
    "power_back": {"machine": Key("machine")},
    "link_down": {"machine": Key("machine", None)},
    "link_up": {"machine": Key("machine", None)},
    "board_down": {"machine": Key("machine")},
    "board_up": {"machine": Key("machine")},
    "relay_welded": {"machine": Key("machine"), "welded": Key("yes or no")},
    "reader_down": {"machine": Key("machine")},
    "reader_up": {"machine": Key("machine")},
    "clock_set": {"machine": Key("machine"), "to": Key("instant")},
    "disk_full": {"machine": Key("machine")},
    "disk_ok": {"machine": Key("machine")},
    "book": {
        "id": Key("new booking"),
        "machine": Key("name"),
        "member": Key("name"),
        "start": Key("instant"),
        "end": Key("instant"),
    },
    "walk_up": {
        "id": Key("new booking"),
        "machine": Key("machine"),
        "member": Key("member"),
        "minutes": Key("amount"),
        "power": Key("yes or no", False),
    },
    "extend": {"booking": Key("booking"), "minutes": Key("amount")},
    "cancel": {"booking": Key("booking")},
    "lock": {"machine": Key("machine"), "by": Key("member"), "why": Key("text", "")},
    "unlock": {"machine": Key("machine"), "by": Key("member", None), "why": Key("text", "")},
    "revoke": {"badge": Key("known badge")},
    "restore": {"badge": Key("known badge")},
}

STEPS_OF_A_SIMULATION = {
    "weather": {"machine": Key("machine"), "kind": Key("weather"), "chance": Key("amount")},
    "twin_down": {"machine": Key("machine", None)},
    "twin_up": {"machine": Key("machine", None)},
    "twin_restored": {"machine": Key("machine", None)},
    "crash": {"machine": Key("machine"), "writes": Key("whole number"), "after": Key("yes or no")},
    "sensor_stuck": {"machine": Key("machine"), "amps": Key("amount", None), "closed": Key("yes or no", None)},
    "drift": {"machine": Key("machine"), "ppm": Key("number")},
    "replica_copied": {"machine": Key("machine")},
    "old_replica": {"machine": Key("machine")},
    "card_copied": {"machine": Key("machine")},
    "clone_begins": {"machine": Key("machine")},
    "enrolled_again": {"machine": Key("machine")},
    "kiosk_repeats": {"machine": Key("machine"), "on": Key("yes or no")},
    "extend_at_kiosk": {"machine": Key("machine"), "booking": Key("booking"), "minutes": Key("amount")},
    "cancel_at_kiosk": {"machine": Key("machine"), "booking": Key("booking")},
    "stop_at_kiosk": {"machine": Key("machine"), "member": Key("member")},
    "heal": {},
}
"""What else may be done where the file names the `simulation` whose network, keys and promises it plays with."""

RECORDS = {
    "decision": ("machine", "badge", "member", "outcome", "reason", "booking"),
    "power": ("machine", "on", "cause"),
    "warning": ("machine", "kind", "seconds_left"),
    "run": (
        "machine",
        "id",
        "member",
        "booking",
        "started",
        "ended",
        "powered_seconds",
        "running_seconds",
        "end_reason",
    ),
    "fault": ("machine", "kind"),
    "fault_cleared": ("machine", "kind"),
    "booking": ("id", "outcome", "reasons", "source", "machine", "member", "start", "end"),
    "sync": ("machine", "kind", "backlog"),
    "summary": ("machines", "twin", "units"),
    "broken": ("rule", "machine", "text"),
}
"""The fields of each record that `--json` prints, besides `at` and `event`. `broken` is of simulations only."""

INSTANTS = ("start", "end", "started", "ended")
"""The fields of records that are compared as instants."""

EXPECT = ("event", "never", "at", "within_seconds", "from", "to")
"""The keys of an expectation that are not a record's fields."""
