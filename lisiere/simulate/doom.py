"""A disk at which the unit's process dies: before what it writes is there, or right after, before anybody knows."""

from hardware.disk import SimulatedDisk


class Died(Exception):
    """The process of this machine's unit is dead, in the middle of what it did."""

    def __init__(self, machine: str) -> None:
        super().__init__(machine)
        self.machine = machine


class DoomedDisk(SimulatedDisk):
    """See the module. `doom` says when."""

    def __init__(self, machine: str) -> None:
        super().__init__()
        self._machine = machine
        self._writes: int | None = None
        self._after = False

    def doom(self, writes: int, after: bool) -> None:
        """Die at so many writes from now: before that write, or (`after`) when the next thing happens behind it."""
        self._writes, self._after = writes, after

    def spare(self) -> None:
        """Nobody dies."""
        self._writes = None

    @property
    def doomed(self) -> bool:
        """True while a death is to come."""
        return self._writes is not None

    def check(self) -> None:
        """See `controller.journal.Disk`."""
        super().check()
        self.touched()

    def touched(self) -> None:
        """Something is about to be written, here or elsewhere on the unit's disk, or was just written."""
        if self._writes is None:
            return
        self._writes -= 1
        if self._writes <= 0 and not self._after:
            self._die()

    def written(self) -> None:
        """Something that was written is about to be told."""
        if self._writes is not None and self._writes <= 0:
            self._die()

    def _die(self) -> None:
        self._writes = None
        raise Died(self._machine)
