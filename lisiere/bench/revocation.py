"""How soon a lost badge is worth nothing: from the office's word at the twin to dead power, on a running machine.

Twin, unit, keeper and reader are processes of their own; the twin is reached over TLS on loopback. The badge of
whoever runs the machine is revoked at a moment of no rhythm. The floor is what the twin takes to have it on disk.
"""

import random
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from lisiere.bench.timing import MS, Counts, Progress, beside, timed_ns
from lisiere.bench.trial import AWAY_S, PATIENCE_S, UnitOnTrial, badge
from lisiere.demo.processes import DemoError


def measure(counts: Counts, progress: Progress) -> dict[str, float]:
    """Milliseconds from the office's request to the open relay, beside those until the twin has answered it."""
    draw = random.Random(0)
    ours: list[int] = []
    floor: list[int] = []
    with tempfile.TemporaryDirectory(prefix="lisiere-bench-") as name, ExitStack() as parts:
        unit = UnitOnTrial(Path(name), parts, badges=counts.revocations)
        processes = unit.started()
        parts.callback(processes.stop)
        for count in range(counts.revocations):
            number = badge(count)
            unit.tap_on_ms(number)
            time.sleep(AWAY_S + draw.random())
            began_ms = time.monotonic_ns() / MS
            floor.append(timed_ns(partial(unit.twin.office.post, f"/api/badges/{number}/revoke", {})))
            if not unit.bench.wait_for(lambda seen: not seen.live, PATIENCE_S):
                raise DemoError("the bench's badge was revoked, and its machine is still live")
            time.sleep(AWAY_S)
            ours.append(round((unit.bench.standing.since_ms - began_ms) * MS))
            progress(count + 1, counts.revocations)
    return beside(ours, floor)
