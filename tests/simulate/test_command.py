"""`lisiere simulate` as it is run: twenty device-years, what it says, and when it fails."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from access.machines import Machine
from lisiere.rehearse.command import command as rehearse
from lisiere.simulate import command as front
from lisiere.simulate.acts import acts
from lisiere.simulate.campaign import ENOUGH, Campaign
from lisiere.simulate.command import command
from lisiere.simulate.plan import CLASSES, plan
from lisiere.simulate.stage import Outcome, play
from lisiere.simulate.states import WANTED
from lisiere.simulate.verdicts import Violation

HOUSE = Path(__file__).parent.parent.parent
RUN = "import sys; from lisiere.cli import main; sys.exit(main())"
KEYS = (
    *("device_years", "seeds", "faults", "checks", "violations", "bound_3_over_n", "states"),
    *("exchanges_executed", "exchanges_skipped", "trace_sha256"),
)


def simulated(device_years: int, stderr: int | None = subprocess.PIPE) -> dict[str, Any]:
    """The figures of a run on two processes, in which nothing failed."""
    how = ["--device-years", str(device_years), "--processes", "2", "--json"]
    words = [sys.executable, "-c", RUN, "simulate", *how]
    done = subprocess.run(words, cwd=HOUSE, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_twenty_device_years_break_no_promise() -> None:
    """Every class of fault strikes, every rare state is reached, and no promise is broken."""
    figures = simulated(ENOUGH)
    assert tuple(figures) == KEYS
    assert figures["violations"] == 0
    assert figures["device_years"] >= ENOUGH
    assert set(figures["faults"]) == set(CLASSES) and all(figures["faults"].values())
    assert set(figures["states"]) >= WANTED
    assert figures["exchanges_skipped"] > 100 * figures["exchanges_executed"]
    assert figures["bound_3_over_n"] == pytest.approx(3 / figures["device_years"], rel=1e-3)


@pytest.mark.long
def test_a_thousand_device_years_break_no_promise(capfd: pytest.CaptureFixture[str]) -> None:
    """What a release needs; a bar shows how far it is."""
    with capfd.disabled():
        figures = simulated(1_000, stderr=None)
    assert figures["violations"] == 0
    assert figures["device_years"] >= 1_000


def test_the_figures_are_the_same_on_one_process_and_on_two(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever repeats a run has the same trace, however many processors share it."""
    said = []
    for processes in ("1", "2"):
        assert command(["--device-years", "0.1", "--seed", "4", "--json", "--processes", processes]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_a_seed_that_would_never_end_is_a_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units that ask again at once, for ever, let no time pass: the seed is over, and says so."""
    monkeypatch.setattr("lisiere.world.line.Line._plan_next", lambda line: line._soon(0))
    (violation,) = play(plan(1), acts(plan(1))).violations
    assert violation.rule == "time_goes_on"


def qualified_enough(machine: Machine, member: object) -> bool:
    """What a planted bug makes of the rule of qualifications."""
    return True


def a_seed_with_the_unqualified() -> int:
    """A seed in which somebody lacks what a machine requires."""
    return next(
        seed
        for seed in range(100)
        if any(machine.requires for machine in plan(seed).machines)
        and sum(not person.qualifications for person in plan(seed).people[:6]) > 2
    )


def test_a_broken_promise_is_told_as_a_rehearsal_that_reproduces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a bug planted the seed fails, and so does the rehearsal that is written down; without it, neither."""
    seed = str(a_seed_with_the_unqualified())
    words = ["--device-years", "0", "--seed", seed, "--processes", "1", "--keep", str(tmp_path)]
    with monkeypatch.context() as planted:
        planted.setattr(Machine, "may_be_used_by", qualified_enough)
        assert command(words) == 1
        (story,) = tmp_path.glob("*.toml")
        assert rehearse([str(story)]) == 1
    assert "who_books_is_qualified" in capsys.readouterr().out
    assert story.read_text().count("[[step]]") <= 4
    assert rehearse([str(story)]) == 0
    assert command(words) == 0


def test_a_quick_run_ends_at_the_first_broken_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which, and writes nothing down."""
    monkeypatch.setattr(Machine, "may_be_used_by", qualified_enough)
    seed = a_seed_with_the_unqualified()
    words = ["--device-years", "5", "--seed", str(seed), "--processes", "1", "--keep", str(tmp_path), "--quick"]
    assert command([*words, "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["seeds"] == 1 and f"seed {seed}: who_books_is_qualified" in said.err
    assert not list(tmp_path.iterdir())


def test_every_broken_promise_is_told_as_soon_as_its_seed_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long run keeps no bad news to its end, and names every seed that fails."""
    monkeypatch.setattr("lisiere.simulate.campaign.play_seed", lambda seed: failed(seed, seed % 2 == 0))
    monkeypatch.setattr(front, "_write_down", lambda outcome, folder: print("made small", file=sys.stderr))
    assert command(["--device-years", "0.4", "--processes", "1", "--keep", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[:3] == ["seed 0: kept m1: no", "seed 2: kept m1: no", "made small"]


def failed(seed: int, broken: bool) -> Outcome:
    """What came of a seed in which a promise was broken, or none was."""
    violations = (Violation("kept", "m1", 0, "no"),) if broken else ()
    return Outcome(seed, 28, 1, violations, Counter(), Counter(), 1, 1, "")


def outcome(device_days: int, faults: Counter[str], states: Counter[str]) -> Outcome:
    """What came of a seed in which nothing was broken."""
    return Outcome(1, device_days, 1, (), faults, states, 1, 1, "")


def test_what_was_never_met_fails_a_long_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run of twenty device-years that met everything but one fault and one state fails, and names both."""
    met = Counter(set(CLASSES) - {"crash"})
    reached = Counter(WANTED - {"fork found"})
    monkeypatch.setattr(front, "run", lambda *how: Campaign((outcome(ENOUGH * 365, met, reached),)))
    assert command([]) == 1
    said = capsys.readouterr().err
    assert "fault crash" in said and "fork found" in said
    monkeypatch.setattr(front, "run", lambda *how: Campaign((outcome(365, met, reached),)))
    assert command([]) == 0
