"""Taps: what was granted might be, and who had firm hours was let in."""

from access.facts import DecisionMade
from access.people import Role, Strength
from access.policy import REPLICA_LIFETIME, UntrustedClock
from access.vocabulary import Outcome, Reason, Source
from lisiere.rehearse.script import Person
from lisiere.simulate.promises import Promises
from lisiere.simulate.truth import Standing, Truth
from lisiere.simulate.verdicts import Verdicts

NO_HOURS = (Reason.BOOKED_BY_OTHER, Reason.TOO_EARLY, Reason.BOOKING_OVER, Reason.NO_BOOKING)
NEEDS_NOTHING = (Role.STAFF, Role.TECHNICIAN)


class Taps:
    """See the module."""

    def __init__(self, truth: Truth, promises: Promises, verdicts: Verdicts) -> None:
        self._truth = truth
        self._promises = promises
        self._verdicts = verdicts

    def decided(self, machine: str, fact: DecisionMade, badge: str, now: int) -> None:
        """A tap was decided."""
        standing = self._truth.machines[machine]
        person = self._truth.people.get(fact.member or "")
        if fact.outcome is Outcome.GRANTED:
            assert person is not None
            self._badge_and_machine(standing, person, badge, fact, now)
            self._clock_and_word(standing, person, fact, now)
            self._hours(standing, person, fact, now)
        else:
            self._refused(standing, person, badge, fact, now)

    def _badge_and_machine(
        self, standing: Standing, person: Person, badge: str, fact: DecisionMade, now: int
    ) -> None:
        """Whoever starts has a good badge, the qualification, and a machine that is in service."""
        revoked = self._truth.revoked.get(badge)
        good = badge in person.badges and (revoked is None or revoked >= standing.synced_ms)
        self._hold(good, "only_good_badges_start", standing, fact, now)
        weak = (Strength.FAILED, Strength.UID) if standing.machine.hazardous else (Strength.FAILED,)
        self._hold(standing.strength not in weak, "a_weak_badge_starts_nothing", standing, fact, now)
        qualified = person.role in NEEDS_NOTHING or standing.machine.requires <= person.qualifications
        self._hold(qualified, "only_the_qualified_start", standing, fact, now)
        locked = standing.locked_ms is not None and standing.locked_ms < standing.synced_ms
        self._hold(not locked or person.role is Role.TECHNICIAN, "a_locked_machine_stays_off", standing, fact, now)
        unit = standing.bench.unit
        forked = unit is not None and unit.control.contact.fork is not None
        self._hold(not forked, "a_fork_grants_nothing", standing, fact, now)
        self._hold(not standing.pressed, "an_emergency_stop_stays_off", standing, fact, now)
        self._hold(standing.board_lost_ms is None, "a_lost_board_starts_nothing", standing, fact, now)

    def _clock_and_word(self, standing: Standing, person: Person, fact: DecisionMade, now: int) -> None:
        """Whoever starts does so by a clock that is right, and members by a replica that is fresh."""
        policy = self._truth.policy
        staff = person.role in NEEDS_NOTHING and policy.untrusted_clock is UntrustedClock.STAFF_ONLY
        self._hold(standing.clock_is_known or staff, "no_start_by_a_wrong_clock", standing, fact, now)
        life = min(policy.offline_hours * 3_600_000, REPLICA_LIFETIME.total_seconds() * 1_000)
        fresh = now - standing.synced_ms < life + standing.error_ms(now)
        self._hold(fresh or person.role in NEEDS_NOTHING, "no_start_by_a_stale_replica", standing, fact, now)

    def _hours(self, standing: Standing, person: Person, fact: DecisionMade, now: int) -> None:
        """A grant has its booking, or needs none."""
        if fact.reason is Reason.STAFF:
            self._hold(person.role in NEEDS_NOTHING, "members_need_hours", standing, fact, now)
            return
        promise = self._promises.find(fact.booking)
        if promise is None:
            forgotten = standing.uncertain or standing.cloned or self._truth.restored
            self._hold(forgotten, "hours_were_promised", standing, fact, now)
            return
        promise.started = True
        error = standing.error_ms(now)
        early = self._truth.policy.early_start_minutes * 60_000 + error
        kept = promise.member == person.id and promise.start_ms - early <= now < promise.longest_ms + error
        self._hold(kept, "hours_are_kept", standing, fact, now)
        unheard = promise.source is Source.WEB and promise.changed_ms >= standing.synced_ms
        stands = promise.live or unheard or standing.uncertain
        self._hold(stands, "given_back_hours_start_nothing", standing, fact, now)

    def _refused(self, standing: Standing, person: Person | None, badge: str, fact: DecisionMade, now: int) -> None:
        """Nobody is refused for what is not so."""
        if fact.reason is Reason.BADGE_REVOKED:
            self._hold(badge in self._truth.ever_revoked, "a_good_badge_is_not_revoked", standing, fact, now)
        elif fact.reason is Reason.LOCKED:
            self._hold(standing.was_locked, "a_machine_in_service_is_not_locked", standing, fact, now)
        elif fact.reason is Reason.BADGE_UNKNOWN:
            known = any(badge in person.badges for person in self._truth.people.values())
            known = known and standing.strength is not Strength.FAILED
            self._hold(not known, "a_members_badge_is_known", standing, fact, now)
        elif fact.reason is Reason.NOT_QUALIFIED and person is not None:
            qualified = standing.machine.requires <= person.qualifications
            self._hold(not qualified, "the_qualified_are_let_in", standing, fact, now)
        elif fact.reason in NO_HOURS and person is not None and not standing.uncertain:
            error = standing.error_ms(now)
            firm = self._promises.firm(standing.machine.id, person.id, now, error, standing.synced_ms)
            self._hold(firm is None, "who_has_hours_is_let_in", standing, fact, now)

    def _hold(self, kept: bool, rule: str, standing: Standing, fact: DecisionMade, now: int) -> None:
        text = f"{fact.member}: {fact.outcome} {fact.reason} {fact.booking}"
        self._verdicts.hold(kept, rule, standing.machine.id, now, text)
