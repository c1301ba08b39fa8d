"""The words of the log in the two languages that technicians read. What programs read has no language."""

from collections.abc import Mapping

Words = Mapping[str, str]

_ENGLISH = {
    "run": "run",
    "unit": "unit",
    "machine": "machine",
    "member": "member",
    "booking": "booking",
    "started": "started",
    "ended": "ended",
    "powered_seconds": "powered",
    "running_seconds": "running",
    "end_reason": "why",
    "totals": "totals",
    "runs": "runs",
    "all": "all",
    "named": "all runs are named",
    "nothing": "nothing to show",
}

_FRENCH = {
    "run": "session",
    "unit": "boîtier",
    "machine": "machine",
    "member": "membre",
    "booking": "réservation",
    "started": "début",
    "ended": "fin",
    "powered_seconds": "tension",
    "running_seconds": "marche",
    "end_reason": "motif",
    "totals": "totaux",
    "runs": "sessions",
    "all": "toutes",
    "named": "toutes les sessions se nomment",
    "nothing": "rien à montrer",
}


def words_for(environment: Mapping[str, str]) -> Words:
    """French where the environment asks for French messages, English elsewhere."""
    asked = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return _FRENCH if asked.startswith("fr") else _ENGLISH
