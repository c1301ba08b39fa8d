"""The simulated machine: what is physical goes on whatever the unit's program does."""

from tests.world.town import Town


def test_a_clock_goes_on_while_the_program_hangs_and_the_power_fails(town: Town) -> None:
    """With a real-time clock of its own a unit knows the time when it is back, whatever ran before the cut."""
    town.bench.hang(60)
    town.wait(0.5)
    town.off()
    town.wait(1)
    town.on()
    town.bench.catch_up()
    assert town.bench.clock.read().wall == town.site.schedule.now()
