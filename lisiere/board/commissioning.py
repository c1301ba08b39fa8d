"""The guided test before a machine goes into use: it stops at the first finding that is not right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware_bridge.output import Conversation
from firmware_bridge.registers import Reason
from firmware_bridge.session import Link, Order, Reading

FEEDBACK_S = 0.25
SILENCE_S = 0.7
PATIENCE_S = 60.0
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do if it is not right."""

    what: str
    passed: bool
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """A board, a person who answers questions, and a clock."""

    link: Link
    ask: Callable[[str], str]
    now: Callable[[], int]
    sleep: Callable[[float], None]


def commission(bench: Bench) -> Iterator[Finding]:
    """Each finding as it is made; the relay is open at the end of every one."""
    talk = Conversation(bench.link, bench.now)
    try:
        for step in (_at_rest, _closes, _silence, _estop, _by_hand):
            for finding in step(bench, talk):
                yield finding if not finding.passed else Finding(finding.what, True)
                if not finding.passed:
                    return
    finally:
        talk.let_go()


def _at_rest(bench: Bench, talk: Conversation) -> Iterator[Finding]:
    reading = talk.look()
    yield Finding("the board answers", True)
    yield Finding(
        "the contact is open while the relay is",
        reading.contact is not True,
        "the feedback is wired backwards (use the NC mirror contact) or welded: switch off at the wall",
    )
    yield Finding(
        "the emergency stop is released and its wire whole",
        reading.estop is not True,
        "release the stop; if it is released, its wire is broken or it is a normally-open contact",
    )


def _closes(bench: Bench, talk: Conversation) -> Iterator[Finding]:
    bench.ask("Keep hands off the machine: the relay closes now. Press Enter.")
    reading = _held(bench, talk, FEEDBACK_S)
    yield Finding(
        "the contact closes with the relay",
        reading.contact is not False,
        "the contactor does not pull in, or its mirror contact is not wired (then set mirror to 0)",
    )
    talk.let_go()
    bench.sleep(FEEDBACK_S)
    yield Finding("the contact opens with the relay", talk.look().contact is not True, "switch off at the wall")


def _silence(bench: Bench, talk: Conversation) -> Iterator[Finding]:
    _held(bench, talk, FEEDBACK_S)
    bench.sleep(SILENCE_S)
    reading = talk.look()
    yield Finding("silence opens the relay", reading.reason is Reason.SILENCE, "do not use this board")
    talk.let_go()


def _estop(bench: Bench, talk: Conversation) -> Iterator[Finding]:
    if talk.look().estop is None:
        return
    bench.ask("The relay closes once more: press the emergency stop while it is closed. Press Enter to begin.")
    first, ends, reading = True, bench.now() + PATIENCE_S * 1000, talk.look()
    while not reading.estop and bench.now() < ends:
        talk.obey(Order(first, bench.now()))
        first = False
        bench.sleep(LOOK_S)
        reading = talk.look()
    yield Finding("the emergency stop is seen", bool(reading.estop), "wire its second contact to PD2")
    bench.sleep(FEEDBACK_S)
    yield Finding("the emergency stop opens the contact", talk.look().contact is not True, "switch off at the wall")


def _by_hand(bench: Bench, talk: Conversation) -> Iterator[Finding]:
    answer = bench.ask("Was the no-volt release tested: power away and back, and the machine stays still? (yes/no)")
    yield Finding("the no-volt release was tested", answer in ("yes", "y", "oui", "o"), "test it, then begin again")


def _held(bench: Bench, talk: Conversation, seconds: float) -> Reading:
    """Hold for a while; the last reading."""
    talk.look()
    first, ends = True, bench.now() + seconds * 1000
    while bench.now() < ends:
        talk.obey(Order(first, bench.now()))
        first = False
        bench.sleep(LOOK_S)
    return talk.look()
