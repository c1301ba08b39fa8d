"""Badges and readers that are not there: cards in software, the field they lie in, and a chip on a serial port."""

from hardware.badge_reader.simulated.reader import SimulatedReader
from hardware.badge_reader.simulated.udp import SoftwareTag

__all__ = ["SimulatedReader", "SoftwareTag"]
