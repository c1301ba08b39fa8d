"""The demo's workshop: who is in it, what stands in it, and where each part listens."""

from dataclasses import dataclass

SITE = "La Petite Manchester"


@dataclass(frozen=True, slots=True)
class DemoMember:
    """A member with one badge."""

    id: str
    name: str
    badge: str
    role: str = "member"
    qualifications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoMachine:
    """A machine with its unit."""

    id: str
    name: str
    requires: tuple[str, ...] = ()


MEMBERS = (
    DemoMember("ana", "Ana", "04A1B2C3D4E5F6", qualifications=("surjeteuse",)),
    DemoMember("bilal", "Bilal", "04BB000000BB01"),
    DemoMember("chloe", "Chloé", "04CC000000CC01", role="technician"),
    DemoMember("denis", "Denis", "04DD000000DD01", role="trainer", qualifications=("surjeteuse",)),
    DemoMember("emma", "Emma", "04EE000000EE01", role="staff"),
)
TITLES = {"member": "", "technician": " (technicienne)", "trainer": " (formateur)", "staff": " (équipe)"}
"""What a member is to the workshop, as the bench's keys say it."""
STRANGER = "04FFFFFFFFFFFF"
"""A badge that is nobody's, until somebody of the team lends it."""
SERVICE_HOURS = 50
"""Between two services of each machine."""

MACHINES = (
    DemoMachine("surjeteuse-1", "Surjeteuse", ("surjeteuse",)),
    DemoMachine("couture-1", "Machine à coudre"),
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens on loopback: `base` for the twin, the others behind it."""

    base: int

    @property
    def twin(self) -> int:
        """The twin's page and API, without TLS: for a browser on this computer."""
        return self.base

    @property
    def twin_tls(self) -> int:
        """The twin as units and the kiosk know it."""
        return self.base + 2

    @property
    def bench(self) -> int:
        """The simulated bench's page."""
        return self.base + 1

    def panel(self, number: int) -> int:
        """A unit's LAN port; `number` counts from 0."""
        return self.base + 11 + number

    def reader(self, number: int) -> int:
        """The badge field of a machine, or of the kiosk (the last): a UDP port."""
        return self.base + 21 + number

    @property
    def kiosk_reader(self) -> int:
        """The kiosk's badge field."""
        return self.reader(len(MACHINES))

    def tcp(self) -> list[int]:
        """All TCP ports."""
        return [self.twin, self.twin_tls, self.bench, *(self.panel(i) for i in range(len(MACHINES)))]

    def udp(self) -> list[int]:
        """All UDP ports."""
        return [self.reader(i) for i in range(len(MACHINES) + 1)]
