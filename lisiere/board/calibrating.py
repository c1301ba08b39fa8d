"""Ten minutes with a machine, at rest and at work: its raw samples, and what they tell."""

from collections.abc import Callable

from firmware_bridge.calibration import Thresholds, thresholds
from firmware_bridge.output import Conversation
from firmware_bridge.session import Order
from lisiere.board.commissioning import Bench

RENEW_S = 0.1
SAMPLE_S = 0.2
PHASES = (("idle", "leave the machine on and at rest"), ("running", "now work with it as usual"))

Keep = Callable[[str], None]


def calibrate(bench: Bench, phase_s: float, dwell_s: float, keep: Keep) -> Thresholds | None:
    """Hold the machine through both phases of `phase_s` seconds; every sample goes to `keep` as a CSV line.

    `dwell_s`: the least rest that counts. None where rest and work look the same; the relay is open at the end.
    """
    keep("phase,seconds,amps")
    talk = Conversation(bench.link, bench.now)
    talk.look()
    samples: dict[str, list[float]] = {}
    try:
        for phase, task in PHASES:
            bench.ask(f"{task}, then press Enter")
            samples[phase] = _sampled(bench, talk, phase, phase_s, keep)
    finally:
        talk.let_go()
    return thresholds(samples["idle"], samples["running"], SAMPLE_S, dwell_s)


def _sampled(bench: Bench, talk: Conversation, phase: str, seconds: float, keep: Keep) -> list[float]:
    began, amps, next_sample, first = bench.now(), list[float](), 0.0, True
    while (passed := (bench.now() - began) / 1000) < seconds:
        talk.obey(Order(first or not talk.held, bench.now()))
        first = False
        reading = talk.look()
        if passed >= next_sample and reading.amps is not None:
            next_sample += SAMPLE_S
            amps.append(reading.amps)
            keep(f"{phase},{passed:.2f},{reading.amps:.3f}")
        bench.sleep(RENEW_S)
    return amps
