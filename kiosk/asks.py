"""What a unit is to be asked, out of what a person wants. Pure."""

from typing import assert_never

from controller import link
from kiosk.deeds import Begin, GiveBack, Later, Lengthen, Report, Stop, Take, Wish
from kiosk.words import FRENCH


def ask_of(wish: Wish, member: str | None, request: str, elsewhere: int = 0) -> link.Ask:
    """The message. `request`: the id of a booking to be made; `elsewhere`: the member's others to come."""
    if isinstance(wish, Report):
        return link.ReportFault(member, FRENCH[f"trouble.{wish.what}"])
    assert member is not None
    match wish:
        case Take(minutes):
            return link.WalkUp(request, member, minutes, power=True)
        case Later(start, end):
            return link.Reserve(request, member, start, end, elsewhere)
        case Begin(booking):
            return link.Begin(member, booking.id)
        case Lengthen(booking, minutes):
            return link.Extend(booking.id, minutes, booking.end)
        case Stop():
            return link.Finish(member)
        case GiveBack(booking):
            return link.Cancel(booking.id)
        case _:
            assert_never(wish)
