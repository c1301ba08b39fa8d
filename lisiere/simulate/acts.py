"""All that happens in a seed: what people do, what befalls them, and the healing."""

from lisiere.rehearse.script import Act
from lisiere.simulate.faults import acts_of_faults
from lisiere.simulate.plan import Plan
from lisiere.simulate.visits import acts_of_people


def acts(plan: Plan) -> list[Act]:
    """In the order of time. Faults are aimed at what people do, so people come first."""
    people = acts_of_people(plan)
    found = [act for act in people + acts_of_faults(plan, people) if plan.start < act.at < plan.healed]
    return [*sorted(found, key=lambda act: act.at), Act(plan.healed, "heal", {})]
