"""What a seed is made of, and what its keys and its words are worth."""

from collections import Counter
from datetime import timedelta

import pytest

from lisiere.rehearse.reading import parse
from lisiere.rehearse.script import Act, ScriptError
from lisiere.simulate import campaign
from lisiere.simulate.acts import acts
from lisiere.simulate.campaign import play_seed
from lisiere.simulate.keys import SimulatedKey
from lisiere.simulate.plan import CLASSES, Plan, plan
from lisiere.simulate.shrink import Small
from lisiere.simulate.stage import Outcome
from lisiere.simulate.story import told
from lisiere.simulate.verdicts import Violation
from server_sync.identity import IdentityError, seal, unseal


def test_few_seeds_know_every_class_of_fault() -> None:
    """Of any eight seeds in a row each class is on in one at least, so that short runs try everything."""
    for first in (0, 8, 4_000):
        rates = [plan(seed).rates for seed in range(first, first + 8)]
        assert {name for seed in rates for name in seed} == set(CLASSES)
        assert all(len(seed) < len(CLASSES) for seed in rates)


def test_a_seed_that_does_not_play_the_same_twice_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tenth seed is played twice; two traces are a broken promise."""
    traces = iter("abccd")

    def played(plan: Plan, acts: list[Act]) -> Outcome:
        return Outcome(plan.seed, plan.device_days, 1, (), Counter(), Counter(), 1, 1, next(traces))

    monkeypatch.setattr(campaign, "play", played)
    (broken,) = play_seed(10).violations
    assert broken.rule == "a_seed_plays_the_same_twice" and broken.text == "a and b"
    assert not play_seed(20).violations
    assert not play_seed(21).violations and not list(traces)


def test_a_simulated_key_refuses_what_it_did_not_sign() -> None:
    """A message that was changed, or that another key sealed, is refused as with a real key."""
    ours, other = SimulatedKey(bytes(32)), SimulatedKey(bytes(range(32)))
    sealed = seal(b"hours", ours)
    assert unseal(sealed, ours.public) == b"hours"
    for wrong in (sealed[:-1] + b"z", seal(b"hours", other), b"hours"):
        with pytest.raises(IdentityError):
            unseal(wrong, ours.public)


def test_whatever_a_seed_does_can_be_told() -> None:
    """Any act of any seed, written down as a rehearsal, is one that can be read: nothing found is lost."""
    for seed in range(8):
        cast = plan(seed)
        broken = Violation("nothing_breaks", "", 0, "")
        text = told(Small(cast, acts(cast), broken, cast.start + timedelta(days=30)))
        assert len(parse(text, "told.toml").acts) == len(acts(cast))


def test_words_of_a_simulation_need_one() -> None:
    """A rehearsal that names no simulation has no words for what only a simulation can do."""
    text = """
        {simulation}
        start = 2027-01-05T08:00:00Z
        end = 2027-01-05T09:00:00Z
        [[machine]]
        id = "saw"
        [[step]]
        at = "+0:10:00"
        do = "twin_down"
    """
    with pytest.raises(ScriptError, match=r"step 1\.do is 'twin_down'; it needs a `simulation`"):
        parse(text.format(simulation=""), "told.toml")
    assert parse(text.format(simulation="simulation = 7"), "told.toml").simulation == 7
