"""The simulated output's own talents: a contact that is polled and can weld, a keeper that can be lost."""

from hardware.relay.simulated import SimulatedOutput


class Bench:
    """A simulated output, its clock, and what it told."""

    def __init__(self) -> None:
        self.now = 0
        self.contact: list[bool] = []
        self.lost: list[bool] = []
        self.output = SimulatedOutput(lambda: self.now)
        self.output.start(self.lost.append, self.contact.append)

    def tick(self, ms: int = 0) -> list[bool]:
        """Let time pass, and return all that the contact has told."""
        self.now += ms
        self.output.tick(self.now)
        return self.contact


def test_the_contact_is_told_once_for_each_change() -> None:
    """Polling tells the contact when it closes and when it opens, and nothing between."""
    bench = Bench()
    assert bench.tick() == []
    bench.output.switch_on()
    bench.tick(1)
    assert bench.tick(1) == [True]
    assert bench.tick(500) == [True, False]


def test_a_weld_keeps_a_closed_contact_closed() -> None:
    """A contact that is welded while closed stays live when it is switched off."""
    bench = Bench()
    bench.output.switch_on()
    bench.output.weld(True)
    bench.output.switch_off()
    assert bench.output.live and bench.tick(10_000) == [True]


def test_a_weld_of_an_open_contact_waits_for_its_next_closing() -> None:
    """A contact that is welded while open stays open until it closes, and then stays closed."""
    bench = Bench()
    bench.output.weld(True)
    assert not bench.output.live
    bench.output.switch_on()
    bench.output.switch_off()
    assert bench.output.live


def test_a_freed_contact_follows_the_hold_again() -> None:
    """When the weld is freed the contact opens, and later closings do not weld it."""
    bench = Bench()
    bench.output.switch_on()
    bench.output.weld(True)
    bench.output.switch_off()
    bench.output.weld(False)
    assert not bench.output.live
    bench.output.switch_on()
    bench.output.switch_off()
    assert not bench.output.live


def test_a_weld_that_is_freed_in_time_leaves_the_hold_alone() -> None:
    """Freeing the weld while the output is held leaves it live."""
    bench = Bench()
    bench.output.switch_on()
    bench.output.weld(True)
    bench.output.weld(False)
    assert bench.output.live


def test_a_lost_keeper_opens_and_hears_nothing() -> None:
    """A lost keeper opens the relay and obeys no command until it is back."""
    bench = Bench()
    bench.output.switch_on()
    bench.output.lose()
    assert not bench.output.live
    bench.output.switch_on()
    assert not bench.output.live
    bench.output.restore()
    assert bench.lost == [True, False]
    assert not bench.output.live
    bench.output.switch_on()
    assert bench.output.live


def test_a_welded_contact_stays_live_when_the_keeper_is_lost() -> None:
    """No loss of a keeper opens a welded contact."""
    bench = Bench()
    bench.output.switch_on()
    bench.output.weld(True)
    bench.output.lose()
    assert bench.output.live
