"""The serial link to the machine-side board, and the board's simulated sibling."""
