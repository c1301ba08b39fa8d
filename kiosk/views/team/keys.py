"""The keys by which the team's pages are reached from everybody's."""

from kiosk.ports import Person
from kiosk.team import Enter, Power, TeamPage, powers
from kiosk.views.scene import Choice, Scene


def team_keys(person: Person, scene: Scene) -> tuple[Choice, ...]:
    """The key to the team's pages; not there for anybody else."""
    if not powers(person):
        return ()
    return (Choice(Enter(TeamPage.MENU), scene.say("team.key"), sign="team"),)


def upkeep_keys(person: Person | None, machine: str, scene: Scene) -> tuple[Choice, ...]:
    """The key to a machine's record; not there for anybody else."""
    if Power.UPKEEP not in powers(person):
        return ()
    return (Choice(Enter(TeamPage.RECORD, machine), scene.say("upkeep.key"), sign="upkeep"),)
