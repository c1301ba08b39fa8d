"""The front door: one command whose sub-commands import their folder only when called."""
