"""Badge readers: what was read, the NFC loop, the child process it runs in, and simulated ones."""
