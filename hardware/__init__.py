"""What hangs on the Pi: badge readers, relay, inputs, indicator, clock; each with its simulated sibling."""
