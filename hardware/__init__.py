"""What hangs on the Pi: badge readers, relay, inputs, indicator and clock, each with its simulated sibling."""
