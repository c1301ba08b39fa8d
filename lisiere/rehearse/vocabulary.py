"""The words a rehearsal file may use: for each table and step its keys, what each must be, and its default."""

from dataclasses import dataclass
from typing import Any

REQUIRED: Any = object()
"""The default of a key that must be given."""


@dataclass(frozen=True, slots=True)
class Key:
    """What one key must be (a kind that `lisiere.rehearse.reading` knows), and its default."""

    kind: str
    default: Any = REQUIRED


FILE = {
    "title": Key("text", ""),
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
}
"""The fields of each record that `--json` prints, besides `at` and `event`."""

INSTANTS = ("start", "end", "started", "ended")
"""The fields of records that are compared as instants."""

EXPECT = ("event", "never", "at", "within_seconds", "from", "to")
"""The keys of an expectation that are not a record's fields."""
