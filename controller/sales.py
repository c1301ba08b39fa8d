"""What a unit sells: to the kiosk beside it, and to the web through the twin's requests.

Pure: each function says what is to be answered; `controller.control` writes it down before anybody hears it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access import book as rules
from access.book import Accepted, Answer, Circumstances, Refused
from access.bookings import Booking, BookingState, WebRequest
from access.people import Badge, Member
from access.replica import Replica
from access.vocabulary import BookingOutcome, Refusal, Source
from controller.events import BadgePresented, CancelAsked, ExtendAsked, ReserveAsked, WalkUpAsked
from controller.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Sale:
    """An answer that goes into the journal, and the hours that it is about.

    `tap`: the badge that was shown at the kiosk, where it is to count as a tap once the sale is written.
    """

    answer: Answer
    asked: Booking
    outcome: BookingOutcome
    tap: BadgePresented | None = None


def walk_up(event: WalkUpAsked, ledger: Ledger, replica: Replica, at: Circumstances) -> Sale | Answer:
    """Hours that begin now. A bare answer needs no row: it was sold before, or nobody known asked."""
    known = ledger.find(event.id)
    if known is not None:
        return Accepted(known)
    member = replica.members.get(event.member)
    if member is None:
        return Refused((Refusal.UNKNOWN_MEMBER,))
    power = event.power and not replica.machine.hazardous
    end = at.now + timedelta(minutes=event.minutes)
    asked = Booking(event.id, replica.machine.id, event.member, at.now, end, Source.KIOSK)
    answer = rules.walk_up(event.id, member, event.minutes, at, power=power)
    return Sale(answer, asked, BookingOutcome.ACCEPTED, shown(member, event.id, at.now) if power else None)


def reserve(event: ReserveAsked, ledger: Ledger, replica: Replica, at: Circumstances) -> Sale | Answer:
    """Hours to come, as the twin would have asked for them."""
    known = ledger.find(event.id)
    if known is not None:
        return Accepted(known)
    at = replace(at, elsewhere=event.elsewhere)
    asked = Booking(event.id, replica.machine.id, event.member, event.start, event.end, Source.KIOSK)
    member = replica.members.get(event.member)
    answer = rules.book(event.id, member, event.start, event.end, at, Source.KIOSK)
    if not at.clock_trusted:
        answer = Refused((Refusal.CLOCK_UNTRUSTED,))
    elif isinstance(answer, Accepted) and (at.lease_end is None or event.start >= at.lease_end):
        answer = Refused((Refusal.LEASE_OVER,))
    return Sale(answer, asked, BookingOutcome.ACCEPTED)


def change(event: ExtendAsked | CancelAsked, ledger: Ledger, replica: Replica, at: Circumstances) -> Sale | Answer:
    """More hours, or hours given back."""
    booking = ledger.find(event.booking)
    if booking is None:
        return Refused((Refusal.IN_THE_PAST,))
    if isinstance(event, CancelAsked):
        return Sale(rules.cancel(booking, at), booking, BookingOutcome.CANCELLED)
    if event.end is not None and booking.end > event.end:
        return Accepted(booking)
    member = replica.members.get(booking.member)
    return Sale(rules.extend(booking, member, event.minutes, at), booking, BookingOutcome.EXTENDED)


def requested(
    request: WebRequest, ledger: Ledger, replica: Replica, at: Circumstances
) -> tuple[Answer, BookingOutcome]:
    """The answer to a request that the twin passed on from the web."""
    asked = request.booking
    at = replace(at, elsewhere=request.elsewhere)
    if request.kind == "book":
        member = replica.members.get(asked.member)
        at = replace(at, now=min(at.now, request.asked))
        return rules.book(asked.id, member, asked.start, asked.end, at), BookingOutcome.ACCEPTED
    known = ledger.find(asked.id) or replace(asked, state=BookingState.RELEASED)
    if request.kind == "cancel":
        return rules.cancel(known, at), BookingOutcome.CANCELLED
    member = replica.members.get(known.member)
    return rules.extend(known, member, request.minutes, at), BookingOutcome.EXTENDED


def shown(member: Member, made: str, now: datetime) -> BadgePresented:
    """The badge that a member showed at the kiosk, which has checked it: the first that is good, else the first."""
    good = [badge for badge in member.badges if not badge.revoked and not badge.ended(now)]
    badge = (good or [*member.badges, Badge("")])[0]
    return BadgePresented(badge.tag, made, badge.strength)
