"""Replica down, journal up: wire format, identities, client, worker and the replica's store."""
