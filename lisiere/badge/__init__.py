"""Members' badges: writing them at the desk, and the keys that devices check them with."""
