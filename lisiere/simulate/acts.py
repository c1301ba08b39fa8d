"""All that happens in a seed: what people do, and what befalls them."""

from lisiere.rehearse.script import Act
from lisiere.simulate.faults import acts_of_faults
from lisiere.simulate.plan import Plan
from lisiere.simulate.visits import acts_of_people


def acts(plan: Plan) -> list[Act]:
    """In the order of time. Faults are aimed at what people do, so people come first."""
    people = acts_of_people(plan)
    return sorted(people + acts_of_faults(plan, people), key=lambda act: act.at)
