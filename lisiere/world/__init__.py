"""A simulated site: real units and a real twin in virtual time, on simulated devices and a simulated network."""
