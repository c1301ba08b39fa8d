"""What can be done to a simulated site, in the words of the acceptance language."""

from collections.abc import Callable, Mapping
from typing import Any

from access.people import Strength
from lisiere.world.site import Site

Deed = Callable[[Site, Mapping[str, Any]], None]


def do(site: Site, deed: str, words: Mapping[str, Any]) -> None:
    """Do one thing now, and let the twin's news spread."""
    DEEDS[deed](site, words)
    if deed in AT_THE_TWIN:
        site.spread()


def _links(site: Site, machine: str | None, up: bool) -> None:
    for id, bench in site.benches.items():
        if machine in (None, id):
            bench.line.link(up)


AT_THE_TWIN = ("lock", "unlock", "revoke", "restore")

DEEDS: dict[str, Deed] = {
    "tap": lambda site, w: site.benches[w["machine"]].tap(w["badge"], w.get("strength", Strength.NTAG424)),
    "current": lambda site, w: site.benches[w["machine"]].draw(float(w["amps"])),
    "estop": lambda site, w: site.benches[w["machine"]].estop(w["pressed"]),
    "kill": lambda site, w: site.benches[w["machine"]].kill(),
    "hang": lambda site, w: site.benches[w["machine"]].hang(w["seconds"]),
    "power_cut": lambda site, w: site.benches[w["machine"]].cut(),
    "power_back": lambda site, w: site.benches[w["machine"]].restore(),
    "link_down": lambda site, w: _links(site, w["machine"], up=False),
    "link_up": lambda site, w: _links(site, w["machine"], up=True),
    "board_down": lambda site, w: site.benches[w["machine"]].lose_board(True),
    "board_up": lambda site, w: site.benches[w["machine"]].lose_board(False),
    "relay_welded": lambda site, w: site.benches[w["machine"]].weld(w["welded"]),
    "reader_down": lambda site, w: site.benches[w["machine"]].lose_reader(True),
    "reader_up": lambda site, w: site.benches[w["machine"]].lose_reader(False),
    "clock_set": lambda site, w: site.benches[w["machine"]].set_clock(w["to"]),
    "disk_full": lambda site, w: site.benches[w["machine"]].fill_disk(True),
    "disk_ok": lambda site, w: site.benches[w["machine"]].fill_disk(False),
    "book": lambda site, w: site.book(w["id"], w["member"], w["machine"], w["start"], w["end"]),
    "walk_up": lambda site, w: site.walk_up(w["id"], w["machine"], w["member"], w["minutes"], w["power"]),
    "extend": lambda site, w: site.extend(w["booking"], w["minutes"]),
    "cancel": lambda site, w: site.cancel(w["booking"]),
    "lock": lambda site, w: site.people.lock(w["machine"], w["by"], w["why"]),
    "unlock": lambda site, w: site.people.unlock(w["machine"], w["by"] or ""),
    "revoke": lambda site, w: site.people.revoke(w["badge"]),
    "restore": lambda site, w: site.people.restore(w["badge"]),
}
"""What each step of a rehearsal does to the site, by the words of its table."""
