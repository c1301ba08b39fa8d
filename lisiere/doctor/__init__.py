"""`lisiere doctor`: what is wrong with this unit, and what to do."""

from lisiere.doctor.visit import command

__all__ = ["command"]
