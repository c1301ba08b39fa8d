"""The figures of a verified tap."""

from lisiere.bench.badge import measure
from lisiere.bench.timing import Counts, Progress


def test_a_verified_tap_is_within_its_bounds() -> None:
    """At most 18 host commands and 700 bytes on the serial line, and the wire time that these mean."""
    figures = measure(Counts(taps=2), Progress("badge"))
    assert figures["host_commands"] <= 18 and figures["uart_bytes"] <= 700
    assert figures["wire_ms"] == round(figures["uart_bytes"] / 11.52, 1)
