"""One machine of the simulated site: a real unit, and everything that hangs on it.

The bench owns what is physical: mains, relay, contact, motor, emergency stop, clock, disk, and whether the unit's
process lives. The unit learns of them only through its events, as it would from the edges.
"""

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from access.facts import PowerSwitched
from access.machines import Machine, Output
from access.people import Strength
from access.policy import Policy
from access.replica import Replica
from access.vocabulary import Cause
from controller import timekeeping
from controller.assembly import Devices, Unit, Watchers, assemble
from controller.control import Control
from controller.events import (
    BadgePresented,
    BoardChanged,
    ContactChanged,
    EstopChanged,
    Event,
    MotorChanged,
    ReaderChanged,
    TimePassed,
)
from controller.journal_reader import JournalReader
from controller.journal_row import Stamped
from controller.states import energised
from controller.timekeeping import Anchor
from hardware.clock import SimulatedClock
from hardware.disk import SimulatedDisk
from hardware.relay.simulated import SimulatedOutput
from lisiere.world.line import Line
from lisiere.world.schedule import Schedule, Turn
from server_sync.client import Transport
from server_sync.identity import PrivateKey, PublicKey, badge_tag
from server_sync.replica_store import ReplicaStore

BOOT_MS = 5_000
"""From the supervisor's restart, or the mains' return, to a unit that is ready."""
RENEW_MS = 100
"""How often power is renewed while it is wanted."""


class Bench:
    """See the module. All instants are the schedule's milliseconds; `life` rises as the unit's program starts, and
    as it ends."""

    def __init__(
        self,
        machine: Machine,
        policy: Policy,
        folder: Path,
        schedule: Schedule,
        transport: Transport,
        twin: PublicKey,
        tag_key: bytes,
        key: PrivateKey,
        rng: random.Random,
        tell: Callable[[str, Stamped], None],
        live: Callable[[str, bool, Cause], None],
    ) -> None:
        self.machine = machine
        self._policy = policy
        self._hold_ms = int(policy.hold_seconds * 1000)
        self.folder = folder
        self._schedule = schedule
        self._transport = transport
        self._twin = twin
        self._tag_key = tag_key
        self._key = key
        self._rng = rng
        self._tell = tell
        self._live = live
        self.clock = SimulatedClock(schedule.now(), machine.rtc, machine.id)
        self.disk = SimulatedDisk()
        self.output = SimulatedOutput(lambda: schedule.ms, self._hold_ms)
        self.output.start(lambda lost: None, lambda closed: None)
        self.unit: Unit | None = None
        self.line = Line(self, schedule, max(1_000, int(policy.sync_seconds * 1000)))
        self.mains = True
        self._clock_ms = schedule.ms
        self._cut_ms = 0
        self._amps = 0.0
        self._stuck_amps: float | None = None
        self._stuck_contact: bool | None = None
        self._estop = False
        self._reader_lost = False
        self._board_lost = False
        self._shown_live = False
        self._commanded = Cause.INTERRUPTED
        self._on_ms = 0
        self.life = 0
        self._sensed: tuple[bool, float] = (False, 0.0)
        self._deadline: int | None = None
        self._drift_ppm = 0
        self.writes_every_checkpoint = False

    def copied(self, folder: Path, transport: Transport) -> "Bench":
        """Another device of the same name, with the same key, on another folder. It hangs on no machine: nobody
        hears what it does."""
        rng = random.Random(folder.name)
        keys = (self._twin, self._tag_key, self._key)
        copy = Bench(
            *(self.machine, self._policy, folder, self._schedule, transport, *keys, rng),
            tell=lambda machine, stamped: None,
            live=lambda machine, on, cause: None,
        )
        copy.clock = SimulatedClock(self._schedule.now(), self.machine.rtc, folder.name)
        return copy

    # --- the unit's life -----------------------------------------------------------------------------

    def boot(self, cause: str) -> None:
        """The unit's program starts on what is on its disk."""
        self.life += 1
        devices = Devices(self.clock, self.disk, self.output, self._rng.randbytes, self._key)
        watchers = Watchers(tell=self._told, urge=self.line.gather)
        self.unit = assemble(
            self.machine.id,
            self.folder,
            self._twin,
            devices,
            self._transport,
            lambda event: self._control.post(event),
            watchers,
        )
        self._sensed = (False, 0.0)
        self._control.boot(cause)
        self._inputs_as_they_are()
        self.line.begin()

    def _inputs_as_they_are(self) -> None:
        """The edges say how things stand when the unit starts."""
        assert self.unit is not None
        self.unit.recorder.probe()
        self.tell_unit(EstopChanged(self._estop))
        self.tell_unit(ReaderChanged(self._reader_lost))
        self.tell_unit(BoardChanged(self._board_lost and self.machine.output is Output.BOARD))

    def die(self) -> None:
        """The unit's program is gone; nobody renews its hold any more."""
        if self.unit is None:
            return
        self.tell_unit(TimePassed())
        self.vanish()

    def vanish(self) -> None:
        """The unit's program is gone in the middle of what it did: it writes nothing more."""
        if self.unit is None:
            return
        self.life += 1
        self.unit.close()
        self.unit = None
        self._deadline = None
        self.line.end()
        self._schedule.at(self._schedule.ms + self._hold_ms, Turn.DEADLINE, self.look)

    def ready_at(self, ms: int, cause: str) -> None:
        """The unit is back at an instant, unless something else happens to it before."""
        life = self.life

        def boot() -> None:
            if self.life == life and self.mains:
                self.catch_up()
                self.boot(cause)

        self._schedule.at(ms, Turn.DEADLINE, boot)

    @property
    def _control(self) -> Control:
        assert self.unit is not None
        return self.unit.control

    # --- what happens at the machine -----------------------------------------------------------------

    def tap(self, number: str, strength: Strength = Strength.NTAG424) -> None:
        """A badge is shown and taken away. Unless it is said otherwise it proves itself, as new badges do."""
        if not self._reader_lost:
            self.tell_unit(BadgePresented(self.tag(number), strength=strength))

    def tag(self, number: str) -> str:
        """The tag under which this unit knows a badge."""
        return badge_tag(number, self._tag_key)

    def draw(self, amps: float) -> None:
        """The motor draws another current, whenever it has power."""
        self._amps = amps
        self.look()

    def stick(self, amps: float | None = None, closed: bool | None = None) -> None:
        """The current sensor, the contact say this from now on, whatever is so; None: it is well again."""
        self._stuck_amps, self._stuck_contact = amps, closed
        self.look()

    def estop(self, pressed: bool) -> None:
        """The emergency stop opens the relay's coil by itself, whatever the unit does."""
        self.catch_up()
        self._estop = pressed
        if pressed:
            if self.output.held:
                self._commanded = Cause.ESTOP
            self.output.switch_off()
        self.tell_unit(EstopChanged(pressed))

    def weld(self, welded: bool) -> None:
        """The relay's contact is stuck, or comes free."""
        self.output.weld(welded)
        self.look()

    def set_clock(self, to: datetime) -> None:
        """Somebody steps the unit's wall clock; while its power is off there is none to step."""
        self.catch_up()
        if self.mains:
            self.clock.set_wall(to)
            self.tell_unit(TimePassed())
            self.line.news()

    def change_drift(self, ppm: int) -> None:
        """The unit's clock runs fast from now on, or slow (below nought), in millionths."""
        self.catch_up()
        self._drift_ppm = ppm
        self.look()

    def fill_disk(self, full: bool) -> None:
        """The journal's disk is full, or has room again; the unit's watch on it notices."""
        self.tell_unit(TimePassed())
        self.disk.full = full
        if self.unit is not None:
            self.unit.recorder.probe()
            self.tell_unit(TimePassed())

    def lose_reader(self, lost: bool) -> None:
        """The badge reader is unplugged, or back."""
        self._reader_lost = lost
        self.tell_unit(ReaderChanged(lost))

    def lose_board(self, lost: bool) -> None:
        """The serial link to the board is cut, or back; the board lets go when its hold runs out."""
        if self.machine.output is not Output.BOARD or lost == self._board_lost:
            return
        self.catch_up()
        self._board_lost = lost
        if lost:
            notice = self._schedule.ms + self._hold_ms
            self._schedule.at(notice, Turn.DEADLINE, self._board_silent)
        else:
            self.tell_unit(BoardChanged(False))

    def _board_silent(self) -> None:
        if self._board_lost:
            if self.unit is not None and energised(self._control.state):
                self._commanded = Cause.FAULT
            self.look()
            self.tell_unit(BoardChanged(True))

    def cut(self) -> None:
        """The mains of unit and board fail."""
        if not self.mains:
            return
        self.catch_up()
        self.die()
        self.mains = False
        self._cut_ms = self._schedule.ms
        self._commanded = Cause.INTERRUPTED
        self.output.switch_off()
        self.clock.power_cut()
        self.look()

    def restore(self) -> None:
        """The mains return."""
        if self.mains:
            return
        self.mains = True
        self.clock.power_back(self._schedule.ms - self._cut_ms)
        self._clock_ms = self._schedule.ms
        self.life += 1
        self.ready_at(self._schedule.ms + BOOT_MS, "power")

    def crash(self) -> None:
        """The unit's process dies in the middle of an event; its supervisor starts it again."""
        self._commanded = Cause.INTERRUPTED
        self.vanish()
        self.ready_at(self._schedule.ms + BOOT_MS, "restart")

    def kill(self) -> None:
        """The unit's process dies, be it hung or still starting; its supervisor starts it again."""
        if self.mains:
            self._interrupt()
            self.ready_at(self._schedule.ms + BOOT_MS, "restart")

    def hang(self, seconds: float) -> None:
        """The unit's loop stalls. What is shorter than the hold's margin changes nothing."""
        if self.unit is None or seconds * 1000 <= self._hold_ms - 200:
            return
        self._interrupt()
        self.ready_at(self._schedule.ms + int(seconds * 1000) + BOOT_MS, "restart")

    def _interrupt(self) -> None:
        """The program goes, and with it what held the power; a relay that was let go before keeps its cause."""
        self.catch_up()
        if self.output.held:
            self._commanded = Cause.INTERRUPTED
        self.die()
        self.life += 1

    # --- time, and what follows from it --------------------------------------------------------------

    def catch_up(self) -> None:
        """Let the time since the last look pass: on the clock, and as renewals ten times a second."""
        now = self._schedule.ms
        if now == self._clock_ms:
            return
        if self.mains:
            passed = now - self._clock_ms
            self.clock.advance(passed + self._drifted(now) - self._drifted(self._clock_ms))
        self._clock_ms = now
        if self.unit is not None and not self._board_lost and energised(self.unit.control.state):
            self.output.renewed_at(self._on_ms + (now - self._on_ms) // RENEW_MS * RENEW_MS)

    @property
    def held(self) -> bool:
        """True while the relay is commanded closed, by the renewals up to now."""
        if self.unit is not None and energised(self.unit.control.state):
            self.catch_up()
        return self.output.held

    def _drifted(self, ms: int) -> int:
        """By how much the unit's clock has run ahead at an instant; below nought when it is slow."""
        return ms * self._drift_ppm // 1_000_000

    def tell_unit(self, event: Event) -> None:
        """Hand the unit an event, if it lives, and see to what follows."""
        self.catch_up()
        if self.unit is not None:
            self.unit.control.handle(event)
        self.look()

    def look(self) -> None:
        """Compare the output and the inputs with what was last seen of them."""
        self.catch_up()
        self._look_at_output()
        while self.unit is not None and self._look_at_inputs():
            self._look_at_output()
        self._plan()

    def _look_at_output(self) -> None:
        live = self.output.live and self.mains
        if live == self._shown_live:
            return
        if live and self.output.welded and not self.output.held:
            return  # a welded contact after a power cut: live without a command, told as a fault
        self._shown_live = live
        if live:
            self._on_ms = self._schedule.ms
        self._live(self.machine.id, live, Cause.GRANTED if live else self._commanded)

    def _look_at_inputs(self) -> bool:
        """Tell the unit's inputs; True when one had changed."""
        live = self.output.live and self.mains
        amps = self._amps if live else 0.0
        amps = amps if self._stuck_amps is None else self._stuck_amps
        closed = live if self._stuck_contact is None else self._stuck_contact
        was_closed, was_amps = self._sensed
        if self.machine.feedback and closed != was_closed and not self._board_lost:
            self._sensed = (closed, was_amps)
            self._control.handle(ContactChanged(closed))
            return True
        if self.machine.senses_current and amps != was_amps and not self._board_lost:
            self._sensed = (was_closed, amps)
            self._control.handle(MotorChanged(amps))
            return True
        return False

    def _plan(self) -> None:
        """Be there at the unit's next deadline."""
        if self.unit is None:
            return
        # A checkpoint is only ever read after a death or a full disk: the last one due is written before those.
        mono = self.unit.control.deadline(checkpoints=self.writes_every_checkpoint)
        if mono is None:
            self._deadline = None
            return
        due = self._schedule.ms + max(0, self._true_ms(mono - self.clock.read().mono_ms))
        if due != self._deadline:
            self._deadline = due
            self._schedule.at(due, Turn.DEADLINE, lambda: self._on_deadline(due))

    def _true_ms(self, ms: int) -> int:
        """How long it takes until the unit's clock has counted so much; on a slow clock, longer."""
        return -(-ms * 1_000_000 // (1_000_000 + self._drift_ppm))

    def _on_deadline(self, due: int) -> None:
        if due == self._deadline and self.unit is not None:
            self._deadline = None
            self.tell_unit(TimePassed())

    def _told(self, stamped: Stamped) -> None:
        """A fact came to be: the output is looked at first, so that `power` comes before what it closes."""
        if isinstance(stamped.fact, PowerSwitched):
            self._commanded = self._commanded if stamped.fact.on else stamped.fact.cause
            self._look_at_output()
        self._tell(self.machine.id, stamped)

    # --- what is on its disk -------------------------------------------------------------------------

    def finish(self) -> None:
        """Send what still waits, and count what was not executed."""
        assert self.unit is not None
        self.line.exchange()
        while self.unit.sync.pressing:
            self.line.exchange()

    def trust_clock(self, folder: Path) -> None:
        """What an enrolment leaves: the clock is known to be right."""
        timekeeping.keep(Anchor(self.clock.read()), folder / "clock.json")

    @property
    def replica(self) -> Replica:
        """The replica on the unit's disk, also while its program does not run."""
        if self.unit is not None:
            return self.unit.control.replica
        store = ReplicaStore(self.folder / "replica.db", self._twin)
        try:
            replica = store.replica()
        finally:
            store.close()
        assert replica is not None
        return replica

    def events(self) -> tuple[int, int]:
        """How many rows the unit's journal has, and how many of them the twin has not acknowledged."""
        reader = JournalReader.open(self.folder / "journal.db")
        try:
            count = reader.count()
        finally:
            reader.close()
        return count, count - self.line.acked
