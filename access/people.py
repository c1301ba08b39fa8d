"""Members and their badges."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class Role(StrEnum):
    """What a member is to the workshop. `staff` is the association's administrator."""

    MEMBER = "member"
    TRAINER = "trainer"
    TECHNICIAN = "technician"
    STAFF = "staff"

    @property
    def bound_by_a_lock(self) -> bool:
        """A machine that was locked is kept from everybody but who has to look after it."""
        return self is not Role.TECHNICIAN


class Category(StrEnum):
    """The association's kinds of member."""

    PARTICULIER = "particulier"
    ASSOCIATION = "association"
    ETUDIANT = "etudiant"
    ENTREPRISE = "entreprise"


class Strength(StrEnum):
    """How far a badge's word can be trusted, the weakest first.

    `failed`: it should have proved itself and did not. `uid`: it said a number, which anybody can copy.
    """

    FAILED = "failed"
    UID = "uid"
    NTAG424 = "ntag424"
    DESFIRE = "desfire"

    def reaches(self, needed: "Strength") -> bool:
        """True when this is as strong as what is needed, or stronger; a failed proof is never enough."""
        ranks = list(Strength)
        return self is not Strength.FAILED and ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge as a unit knows it: the keyed tag of its number, never the number itself.

    `strength` is what it was enrolled with, and has to show at every tap. `key` (hex) is the card's own key that
    this unit checks it with; empty where the badge has none, or where its member may not use the machine.
    `until` is exclusive: a badge that was lent for a day is good for nothing from that instant on.
    """

    tag: str
    revoked: bool = False
    strength: Strength = Strength.UID
    key: str = field(default="", repr=False)
    until: datetime | None = None

    def ended(self, at: datetime) -> bool:
        """True when the badge was lent, and the time is over at that instant."""
        return self.until is not None and at >= self.until


@dataclass(frozen=True, slots=True)
class Member:
    """A person who may use machines. `valid_until` is exclusive: at that instant the membership is over."""

    id: str
    badges: tuple[Badge, ...] = ()
    qualifications: frozenset[str] = frozenset()
    role: Role = Role.MEMBER
    category: Category = Category.PARTICULIER
    valid_until: datetime | None = None

    @property
    def needs_booking(self) -> bool:
        """Staff and technicians start without a booking and without a qualification."""
        return self.role not in (Role.STAFF, Role.TECHNICIAN)

    @property
    def all_badges_revoked(self) -> bool:
        """True when the member has badges and none of them is good any more."""
        return bool(self.badges) and all(badge.revoked for badge in self.badges)

    def expired(self, at: datetime) -> bool:
        """True when the membership is no longer valid at that instant."""
        return self.valid_until is not None and at >= self.valid_until


def erased_mark(member: str) -> str:
    """What is kept of a member who was erased: enough to know the id again, not to learn it."""
    return sha256(f"lisiere erased {member}".encode()).hexdigest()


def drawn_afresh(number: str) -> bool:
    """Whether a badge's number (hex) is one that telephones draw anew at each tap: it is nobody's for longer."""
    return len(number) == 8 and number.startswith("08")
