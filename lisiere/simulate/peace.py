"""After the healing: everything that was sold, recorded and measured is the same on both sides."""

from access.facts import stamp
from lisiere.simulate.books import Books, opened
from lisiere.simulate.promises import Promises
from lisiere.simulate.verdicts import Verdicts
from lisiere.world.bench import Bench
from lisiere.world.site import Site

_STANDING = (
    "SELECT id, start, end FROM bookings WHERE machine = ? AND state = 'accepted' AND end > ? ORDER BY start, id"
)
_WAITING = "SELECT count(*) FROM requests WHERE state = 'pending'"


def judge(site: Site, books: Books, promises: Promises, verdicts: Verdicts, left_out: frozenset[str]) -> None:
    """Compare both sides. `left_out`: machines whose card was copied."""
    now = site.schedule.ms
    summary = site.summary()
    rows = sum(len(journal.hashes) for journal in books.journals.values())
    if not left_out:
        verdicts.hold(summary["events"] == rows, "the_twin_has_every_row", "", now, f"{summary} of {rows}")
        verdicts.hold(summary["gaps"] == 0, "no_gap_is_left", "", now, str(summary))
    with opened(site.twin_file) as twin:
        waiting = twin.execute(_WAITING).fetchone()[0]
        verdicts.hold(waiting == 0, "every_request_is_answered", "", now, f"{waiting} wait")
    for machine, bench in site.benches.items():
        _at_rest(bench, verdicts, now)
        if machine not in left_out:
            _powered(machine, summary["powered_seconds"], books, verdicts, now)
            _bookings(site, bench, promises, verdicts)


def _at_rest(bench: Bench, verdicts: Verdicts, now: int) -> None:
    """Nothing waits, and nobody is in quarantine any more."""
    machine, unit = bench.machine.id, bench.unit
    assert unit is not None
    verdicts.hold(unit.sync.backlog() == 0, "nothing_is_left_to_send", machine, now, "rows wait")
    fork = unit.control.contact.fork
    verdicts.hold(fork is None, "an_enrolment_ends_a_quarantine", machine, now, str(fork))


def _powered(machine: str, twins: dict[str, int], books: Books, verdicts: Verdicts, now: int) -> None:
    units = sum((ms + 500) // 1000 for ms in books.journals[machine].powered.values())
    same = twins[machine] == units
    verdicts.hold(same, "powered_seconds_agree", machine, now, f"twin {twins[machine]}, unit {units}")


def _bookings(site: Site, bench: Bench, promises: Promises, verdicts: Verdicts) -> None:
    """What stands from now on: at the unit, at the twin, and in what people were told."""
    now, at, machine = site.schedule.now(), site.schedule.ms, bench.machine.id
    assert bench.unit is not None
    with opened(site.twin_file) as twin:
        twins = {id: (start, end) for id, start, end in twin.execute(_STANDING, (machine, stamp(now)))}
    effective = (b for b in bench.unit.control.ledger.effective if b.blocks and b.end > now)
    units = {b.id: (stamp(b.start), stamp(b.end)) for b in effective}
    verdicts.hold(twins == units, "bookings_agree", machine, at, f"twin {twins}, unit {units}")
    told = set(promises.standing_at(machine, at))
    verdicts.hold(told <= set(twins), "what_was_promised_stands", machine, at, f"lost: {told - set(twins)}")
    apart = _apart(sorted(twins.values()))
    verdicts.hold(apart, "no_hour_is_sold_twice", machine, at, f"{twins}")


def _apart(hours: list[tuple[str, str]]) -> bool:
    return all(one[1] <= other[0] for one, other in zip(hours, hours[1:], strict=False))
