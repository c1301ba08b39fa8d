"""One machine for whoever looks after it: its hours and its next service, its last fourteen days, its runs and its
faults. How it stands comes from its unit, what was comes from the twin; without the twin the page says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from access.vocabulary import Cause, Fault, LockReason, ServiceKind, UnlockReason
from kiosk.office import DayHours, Obstacle, PastRun, Record
from kiosk.session import Session
from kiosk.team import Enter, LockFor, Mended, Power, PutBack, SeenTo, Served, Team, TeamPage, powers
from kiosk.views.preview import length
from kiosk.views.scene import Choice, Scene
from kiosk.views.sheet import Sheet
from kiosk.views.team.panel import Table, ways_out
from kiosk.views.tile import Tile, tile
from kiosk.words import FRENCH, what_and_do

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
_TROUBLES = {words: id for id, words in FRENCH.items() if id.startswith("trouble.")}
"""What the kiosk writes into a unit's journal when something is reported, and which words it was."""
_ENDS = frozenset(Cause) - {Cause.GRANTED}
"""Why a run may end."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; `alarm`: it asks for something to be done; `bar`: `powered` or `running`, where it is a colour of
    the chart."""

    label: str
    value: str
    alarm: bool = False
    bar: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: hours under power, and of those the hours in which the motor ran. `day`: of the month."""

    day: str
    powered: float
    running: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars under their title. `top`: the hours that its uppermost line stands for; `lines`: each line's hours
    and the words beside it."""

    title: str
    bars: tuple[Bar, ...]
    top: float
    lines: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The page. Without the twin there is a `notice` (what, and what to do) in place of figures and chart."""

    tile: Tile
    keys: tuple[Choice, ...]
    figures: tuple[Figure, ...]
    chart: Chart | None
    notice: tuple[str, str] | None
    foot: tuple[Choice, ...]


def record_page(team: Team, scene: Scene) -> RecordPage:
    """The machine's record, or why it is not there."""
    say, record = scene.say, team.record
    shown = tile(scene.site.post(team.machine), scene)
    if isinstance(record, Record):
        figures, chart = tuple(_figures(record, scene)), chart_of(record.days, scene)
        return RecordPage(shown, ways_out(scene), figures, chart, None, _foot(team, record, scene))
    if record is None:
        notice = say("result.asking"), say("team.asking")
    elif record is Obstacle.AWAY:
        notice = say("record.away.what"), say("record.away.do")
    else:
        notice = say(f"obstacle.{record}.what"), say(f"obstacle.{record}.do")
    return RecordPage(shown, ways_out(scene), (), None, notice, _foot(team, None, scene))


def _foot(team: Team, record: Record | None, scene: Scene) -> tuple[Choice, ...]:
    """What may be done about it. To lock is offered also where the twin has not answered: it may by then."""
    say, state = scene.say, scene.state(team.machine)
    troubled = bool(state and state.faults) or bool(record and record.reports)
    runs = Choice(Enter(TeamPage.RUNS), say("record.runs"), sign="runs")
    faults = Choice(Enter(TeamPage.FAULTS), say("record.faults"), sign="report", main=troubled)
    service = Choice(Enter(TeamPage.SERVICE), say("record.service"), sign="service.full")
    lock = Choice(Enter(TeamPage.LOCK), say("record.lock"), sign="lock")
    if state is not None and state.locked:
        lock = Choice(Enter(TeamPage.UNLOCK), say("record.unlock"), sign="unlock")
    return (runs, faults, service, lock) if record is not None else (faults, lock)


def _figures(record: Record, scene: Scene) -> Iterator[Figure]:
    say = scene.say
    yield Figure(say("record.powered"), hours(record.powered_ms, scene), bar="powered")
    yield Figure(say("record.running"), hours(record.running_ms, scene), bar="running")
    served = say("record.never") if record.served_at is None else short_day(record.served_at, scene)
    yield Figure(say("record.served"), served)
    yield Figure(say("record.since"), hours(record.counted_ms, scene))
    due = record.due_hours
    if due is None:
        yield Figure(say("record.due"), say("record.due.none"))
    elif due < 0:
        yield Figure(say("record.due"), say("record.due.over", hours=max(1, round(-due))), alarm=True)
    else:
        yield Figure(say("record.due"), say("record.due.in", hours=round(due)), alarm=due < 1)
    if record.locked_why is not None:
        yield Figure(say("record.locked"), _why(record, scene), alarm=True)


def _why(record: Record, scene: Scene) -> str:
    """The reason, by its word where it was given at a kiosk, and who gave it."""
    why = str(record.locked_why)
    words = scene.say(f"why.{why}") if why in list(LockReason) else why
    who = called(record.locked_by, scene)
    return f"{words} ({who})" if who else words


def chart_of(days: Sequence[DayHours], scene: Scene) -> Chart:
    """The bars, under a scale that ends at a whole number of hours, however little there was."""
    say = scene.say
    bars = tuple(Bar(str(day.day.day), day.powered_ms / HOUR_MS, day.running_ms / HOUR_MS) for day in days)
    most = max((bar.powered for bar in bars), default=0.0)
    top = next(top for top in (1, 2, 4, 6, 8, 12, 16, 24, 25) if most <= top)
    lines = tuple((at, say("offer.hours", hours=at)) for at in (top // 2, top) if at)
    return Chart(say("record.chart"), bars, float(top), lines)


def runs_page(team: Team, scene: Scene) -> Table:
    """The latest runs."""
    say = scene.say
    runs = team.record.runs if isinstance(team.record, Record) else ()
    heads = say("runs.when"), say("runs.who"), say("runs.powered"), say("runs.running"), say("runs.end")
    rows = tuple(_run(run, scene) for run in runs)
    title = scene.site.post(team.machine).name
    shares = (1.35, 0.95, 1.1, 1.1, 1.4)
    return Table(title, say("runs.title"), ways_out(scene), heads, shares, rows, say("runs.none"), more=say("more"))


def _run(run: PastRun, scene: Scene) -> tuple[str, ...]:
    when = f"{short_day(run.started, scene)} {scene.hour(run.started)}-{scene.hour(run.ended)}"
    end = scene.say(f"cause.{run.reason}") if run.reason in _ENDS else run.reason
    return when, called(run.member, scene), hours(run.powered_ms, scene), hours(run.running_ms, scene), end


def faults_page(session: Session, team: Team, scene: Scene) -> Table:
    """What stands, what was reported and not dealt with, and what was."""
    say, record = scene.say, team.record
    rows = (*_standing(team, scene), *(_past(record, scene) if isinstance(record, Record) else ()))
    heads = say("faults.when"), say("faults.what"), say("faults.state")
    foot = []
    state = scene.state(team.machine)
    if state is not None and Fault.RELAY_WELDED in state.faults and Power.CLEAR in powers(session.person):
        foot.append(Choice(Mended(), say("faults.clear"), sign="mended"))
    if isinstance(record, Record) and record.reports:
        foot.append(Choice(SeenTo(), say("faults.seen_to"), sign="service.full"))
    title = scene.site.post(team.machine).name
    shares = (1.4, 2.6, 1.2)
    lead, empty = say("record.faults"), say("faults.none")
    return Table(title, lead, ways_out(scene), heads, shares, rows, empty, tuple(foot), say("more"))


def _standing(team: Team, scene: Scene) -> Iterator[tuple[str, ...]]:
    """What the unit itself says is wrong now, the worst first."""
    state = scene.state(team.machine)
    for fault in Fault:
        if state is not None and fault in state.faults:
            yield scene.say("faults.now"), " ".join(what_and_do(scene.say, fault)), scene.say("faults.standing")


def _past(record: Record, scene: Scene) -> Iterator[tuple[str, ...]]:
    say = scene.say
    for report in record.reports:
        what = say(_TROUBLES[report.what]) if report.what in _TROUBLES else say("faults.unit")
        yield _moment(report.at, scene), what, say("faults.open")
    for fault in record.faults:
        if fault.cleared is not None and fault.kind in list(Fault):
            over = say("faults.over", at=scene.hour(fault.cleared))
            yield _moment(fault.at, scene), what_and_do(say, Fault(fault.kind))[0], over


def lock_page(team: Team, scene: Scene) -> Sheet:
    """Six reasons, nothing to type."""
    choices = tuple(Choice(LockFor(why), scene.say(f"why.{why}"), sign=f"why.{why}") for why in LockReason)
    shown = tile(scene.site.post(team.machine), scene)
    return Sheet(shown, scene.say("lock.question"), choices, "", ways_out(scene)[::-1])


def unlock_page(team: Team, scene: Scene) -> Sheet:
    """What was done to it, nothing to type."""
    choices = tuple(
        Choice(PutBack(why), scene.say(f"unlocked.{why}"), sign=f"unlocked.{why}") for why in UnlockReason
    )
    shown = tile(scene.site.post(team.machine), scene)
    return Sheet(shown, scene.say("unlock.question"), choices, "", ways_out(scene)[::-1])


def service_page(team: Team, scene: Scene) -> Sheet:
    """What was done, nothing to type."""
    choices = tuple(
        Choice(Served(kind), scene.say(f"service.{kind}"), sign=f"service.{kind}") for kind in ServiceKind
    )
    shown = tile(scene.site.post(team.machine), scene)
    return Sheet(shown, scene.say("service.question"), choices, "", ways_out(scene)[::-1])


def hours(ms: int, scene: Scene) -> str:
    """So many milliseconds, in hours and minutes."""
    return length(ms / MINUTE_MS, scene)


def short_day(instant: datetime, scene: Scene) -> str:
    """A day in figures."""
    local = scene.local(instant)
    return scene.say("day.short", day=f"{local.day:02}", month=f"{local.month:02}")


def _moment(instant: datetime, scene: Scene) -> str:
    return f"{short_day(instant, scene)} {scene.hour(instant)}"


def called(member: str | None, scene: Scene) -> str:
    """What the team calls somebody; nothing where nobody is known."""
    found = (person.short for person in scene.site.people if person.member.id == member)
    return next(found, "") if member is not None else ""
