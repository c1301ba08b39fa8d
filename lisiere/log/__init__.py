"""`lisiere log`: what a machine did, out of its unit's own journal or out of the twin."""
