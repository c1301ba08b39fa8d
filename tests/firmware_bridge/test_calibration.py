"""Thresholds from samples of a machine at rest and at work."""

from firmware_bridge.calibration import thresholds

REST = [0.38, 0.40, 0.42, 0.40] * 50
WORK = [2.0, 2.4, 2.2, 0.4, 0.4, 2.1, 2.3, 2.2] * 25


def test_the_thresholds_lie_between_rest_and_work() -> None:
    """Work starts above where it ends, and both lie in the gap."""
    found = thresholds(REST, WORK, 0.2)
    assert found is not None
    assert max(REST) < found.idle_a < found.running_a < 2.0


def test_the_dwell_outlasts_the_pauses_in_the_work() -> None:
    """A rest shorter than the longest pause seen in the work is no rest."""
    pauses = [2.0, 2.1, 2.2] * 20 + [0.4] * 15 + [2.0] * 60
    found = thresholds(REST, pauses, 0.2)
    assert found is not None and found.dwell_s > 15 * 0.2


def test_a_machine_whose_rest_looks_like_its_work_has_none() -> None:
    """Where the samples do not part, or are too few, nothing is invented."""
    assert thresholds(REST, REST, 0.2) is None
    assert thresholds(REST[:10], WORK, 0.2) is None
