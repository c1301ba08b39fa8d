"""How things really stand, whatever a unit or the twin believes: what was done to them is all this is made of."""

from dataclasses import dataclass, field

from access.machines import Machine
from access.people import Strength
from access.policy import Policy
from lisiere.rehearse.script import Person
from lisiere.world.bench import Bench

ERROR_MS = 3_000
"""How wrong a clock may be that is still trusted, besides its drift."""
DRIFT = 1e-4
"""The drift that is allowed for."""
NEVER = -(10**12)
CALM_MS = 60_000
"""So long after the last thing that befell it a unit answers what it is asked."""


@dataclass(slots=True)
class Standing:
    """One machine, its unit and what hangs on it. All instants are milliseconds of true time.

    `synced_ms`: when the twin said what its replica is of; `timed_ms`: when the unit last heard the time from it,
    and `within_ms` how exactly; `copied_ms`: the first of these, of the replica that was copied; `struck_ms`: when
    anything befell the unit, its line or the twin; `rough`: what its line does to messages now.
    """

    machine: Machine
    bench: Bench
    amps: float = 0.0
    still_ms: int = 0
    pressed: bool = False
    stuck: bool = False
    stuck_ms: int = NEVER
    changed_ms: int = NEVER
    board_lost_ms: int | None = None
    locked_ms: int | None = None
    lock_heard_ms: int = NEVER
    was_locked: bool = False
    tapped_ms: int = NEVER
    strength: Strength = Strength.NTAG424
    synced_ms: int = 0
    timed_ms: int = 0
    within_ms: int = 0
    copied_ms: int | None = None
    clock_ms: int = NEVER
    up_ms: int = -1
    silent_since: int | None = 0
    on_ms: int | None = None
    disk_full_ms: int = NEVER
    exchanges: int = 0
    uncertain: bool = False
    cloned: bool = False
    struck_ms: int = NEVER
    rough: set[str] = field(default_factory=set)

    def can_answer(self, now: int) -> bool:
        """Nothing has befallen the unit or its line for a while, and nothing is amiss there."""
        bench, since = self.bench, now - CALM_MS
        if bench.unit is None or self.rough or self.cloned:
            return False
        if not 0 <= self.up_ms < since or self.struck_ms >= since:
            return False
        return bench.line.linked and not bench.disk.full and bench.unit.control.contact.fork is None

    def senses_since(self, ms: int) -> bool:
        """Its current sensor has told the truth since then."""
        return self.machine.senses_current and not self.stuck and self.stuck_ms < ms

    @property
    def live(self) -> bool:
        """The output is live because it is held: a welded contact is another matter."""
        return self.bench.mains and self.bench.held

    @property
    def clock_is_known(self) -> bool:
        """Nothing has happened to the clock since the twin last said what time it is."""
        return self.timed_ms >= self.clock_ms

    def error_ms(self, now: int) -> int:
        """How far a trusted clock may be off."""
        return ERROR_MS + self.within_ms + round(DRIFT * (now - self.timed_ms))

    def look(self, now: int) -> None:
        """Notice an exchange that went well, a boot, and a death."""
        if self.bench.line.executed != self.exchanges:
            self.exchanges = self.bench.line.executed
            unit = self.bench.unit
            self.uncertain = self.uncertain and (unit is None or unit.sync.owes)
            self._is_told_the_time(now)
            if self.locked_ms is not None and self.lock_heard_ms < self.locked_ms < self.synced_ms:
                self.lock_heard_ms = now
        if self.bench.unit is None:
            self.silent_since = now if self.silent_since is None else self.silent_since
            self.up_ms = -1
        elif self.up_ms < 0:
            self.up_ms, self.silent_since = now, None

    def _is_told_the_time(self, now: int) -> None:
        """A slow answer says the time to within half of what it took; a clock that knows better keeps its own."""
        asked_ms = self.bench.line.heard_of_ms
        within = (now - asked_ms) // 2
        if self.clock_is_known:
            within = min(within, self.within_ms + round(DRIFT * (now - self.timed_ms)))
        self.synced_ms, self.timed_ms, self.within_ms = asked_ms, now, within


@dataclass(slots=True)
class Truth:
    """The whole site. `revoked`: since when a badge is good for nothing; `ever_revoked`: those that were."""

    policy: Policy
    people: dict[str, Person]
    machines: dict[str, Standing]
    revoked: dict[str, int] = field(default_factory=dict)
    ever_revoked: set[str] = field(default_factory=set)
    restored: bool = False

    def look(self, now: int) -> None:
        """After every event."""
        for standing in self.machines.values():
            standing.look(now)
