"""What a unit still knows when it starts: read from its own journal, never guessed."""

from dataclasses import dataclass
from datetime import timedelta

from access.bookings import Booking
from access.facts import BookingChanged, Fact, RequestAccepted, RunClosed, SyncChange, instant
from access.replica import Replica
from access.vocabulary import BookingOutcome, Cause, Fault, Source
from controller.journal_reader import JournalReader, OpenRun, open_run
from controller.journal_row import Checkpoint, JournalRow
from controller.ledger import Entry, entry_of


@dataclass(frozen=True, slots=True)
class Remembered:
    """`faults` that were raised and not cleared; `entries` and `requests` that the twin does not know yet;
    `started` bookings; the run that was under way, and its last checkpoint; what was `found` at this start.
    `life` tells this start from every other, also from one of a copy: it is in every id that the unit makes."""

    epoch: int
    boots: int = 0
    faults: frozenset[Fault] = frozenset()
    link_lost: bool = False
    entries: tuple[Entry, ...] = ()
    requests: frozenset[str] = frozenset()
    started: frozenset[str] = frozenset()
    interrupted: OpenRun | None = None
    checkpoint: Checkpoint | None = None
    found: tuple[Fact, ...] = ()
    life: str = ""


def remember(reader: JournalReader, epoch: int, checkpoint: Checkpoint | None, replica: Replica) -> Remembered:
    """Read what matters for a start."""
    entries, requests = _bookings(reader, replica)
    return Remembered(
        epoch=epoch,
        boots=sum(1 for _ in reader.rows_of(("boot",))),
        faults=_open_faults(reader),
        link_lost=_link_lost(reader),
        entries=entries,
        requests=requests,
        started=frozenset(_started(reader)),
        interrupted=open_run(reader),
        checkpoint=checkpoint,
    )


def closed(run: OpenRun, checkpoint: Checkpoint | None) -> RunClosed:
    """The run that the unit's end interrupted, closed at its last checkpoint."""
    reached = checkpoint if checkpoint is not None and checkpoint.run == run.run else Checkpoint(run.run, 0, 0)
    return RunClosed(
        run=run.run,
        member=run.member,
        booking=run.booking,
        started=run.started,
        ended=run.started + timedelta(milliseconds=reached.powered_ms),
        powered_ms=reached.powered_ms,
        running_ms=reached.running_ms,
        end_reason=Cause.INTERRUPTED,
    )


def _open_faults(reader: JournalReader) -> frozenset[Fault]:
    found: set[Fault] = set()
    for row in reader.rows_of(("fault", "fault_cleared")):
        kind = Fault(row.fields["kind"])
        found = found | {kind} if row.kind == "fault" else found - {kind}
    return frozenset(found)


def _link_lost(reader: JournalReader) -> bool:
    lost = False
    for row in reader.rows_of(("sync",)):
        lost = row.fields["kind"] == SyncChange.LOST
    return lost


def _started(reader: JournalReader) -> set[str]:
    rows = (row.fields for row in reader.rows_of(("decision",)))
    return {fields["booking"] for fields in rows if fields["run"] and fields["booking"]}


def _bookings(reader: JournalReader, replica: Replica) -> tuple[tuple[Entry, ...], frozenset[str]]:
    entries: list[Entry] = []
    requests: set[str] = set()
    for row in reader.rows_of(("booking", "request")):
        if (row.epoch, row.seq) <= replica.acked:
            continue
        entry = entry_of(_fact(row))
        if entry is not None:
            entries.append(Entry(entry.fact, entry.booking, (row.epoch, row.seq)))
        if row.kind == "request":
            requests.add(row.fields["request"])
    return tuple(entries), frozenset(requests)


def _fact(row: JournalRow) -> BookingChanged | RequestAccepted:
    fields = row.fields
    booking = Booking(
        fields["id"],
        fields["machine"],
        fields["member"] or "",
        instant(fields["start"]),
        instant(fields["end"]),
    )
    outcome = BookingOutcome(fields["outcome"])
    if row.kind == "request":
        return RequestAccepted(
            fields["request"],
            outcome,
            booking.id,
            booking.machine,
            booking.member,
            booking.start,
            booking.end,
        )
    return BookingChanged.of(booking, outcome, Source(fields["source"]))
