"""The planted faults: each still fits the tree, the page tells of each, and the suite finds them."""

import pytest

from tests.planted.campaign import HOUSE, NOBODY, Verdict, apply, campaign, on_the_page, page, tried
from tests.planted.campaign import PAGE as THE_PAGE
from tests.planted.faults import PLACES, POLICY, PROMISES, RULES, Fault, faults

FAULTS = faults()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_one_line_that_still_applies(fault: Fault) -> None:
    """Every patch changes one line of the code it is meant for, and applies to the tree as it stands."""
    assert fault.place.startswith(PLACES)
    assert len(fault.come) <= 1 and len(fault.gone) <= 1 and fault.come != fault.gone
    done = apply(fault.patch, HOUSE, "--check")
    assert done.returncode == 0, done.stderr


def test_there_is_a_fault_for_every_rule_and_every_promise() -> None:
    """At least thirty faults, and for each rule of the rehearsals and each promise G1 to G9 one that breaks it."""
    assert len(FAULTS) >= 30
    broken = {what for fault in FAULTS for what in fault.breaks}
    assert broken == {*RULES, *PROMISES, POLICY}


def test_the_page_tells_of_every_fault() -> None:
    """The page is what the campaign wrote, for the faults that there are, in the patches' words."""
    verdicts = on_the_page()
    assert set(verdicts) == {fault.name for fault in FAULTS}
    assert THE_PAGE.read_text(encoding="utf-8") == page(FAULTS, verdicts)


def test_the_page_says_that_enough_are_found() -> None:
    """By what the page says nine faults of ten are found, ten by rehearsals, fifteen by simulate alone."""
    assert enough(on_the_page())


def enough(verdicts: dict[str, Verdict]) -> bool:
    """27 of 30 or as many in proportion, 10 by rehearsals, 15 by simulate."""
    killed = sum(verdict.killed for verdict in verdicts.values())
    played = sum(verdict.rehearsals != NOBODY for verdict in verdicts.values())
    simulated = sum(verdict.simulate != NOBODY for verdict in verdicts.values())
    return killed >= max(27, 0.9 * len(verdicts)) and played >= 10 and simulated >= 15


@pytest.mark.long
def test_nobody_complains_of_a_sound_tree() -> None:
    """Without a fault neither rehearsals nor simulate find one: what they find is there."""
    assert tried(None, Verdict()) == Verdict()


@pytest.mark.long
def test_the_suite_finds_the_planted_faults() -> None:
    """Planted one by one, nine faults of ten are found: ten by rehearsals alone, fifteen by simulate alone."""
    assert enough(dict(campaign(FAULTS)))
