"""A network that loses, doubles, delays and replays messages between one unit and the twin."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

from lisiere.simulate.plan import log_uniform
from lisiere.world.schedule import Turn
from lisiere.world.site import Site, Wire
from server_sync.client import TwinRefused, TwinUnreachable
from twin.exchange import UnknownUnit

SLOW_MS = (100, 20_000)
"""How long the answer to a slow message takes, in milliseconds."""
LATE_MS = (1, 120_000)
"""How much later a late message comes, in milliseconds: others overtake it."""


class StormyWire(Wire):
    """The network in any weather. `chances` are those of each kind of fault; `met` counts what happened."""

    def __init__(
        self, site: Site, machine: str, rng: Random, met: Counter[str], answered: Callable[[], None]
    ) -> None:
        """`answered`: the twin has answered, and nothing of that is kept yet."""
        super().__init__(site, machine)
        self.chances: dict[str, float] = {}
        self._rng = rng
        self._met = met
        self._answered = answered
        self._earlier = b""
        self._heard = 0

    def post(self, path: str, body: bytes) -> bytes:
        """See `server_sync.client.Transport`."""
        life = self._site.benches[self._machine].life
        if not self._befalls("reorder"):
            return self._to_and_fro(body, life)
        ms = self._site.schedule.ms + self._rng.randint(*LATE_MS)
        self._site.schedule.at(ms, Turn.NETWORK, lambda: self._arrives_late(body, life))
        raise TwinUnreachable("the simulated request is late")

    def _to_and_fro(self, body: bytes, life: int) -> bytes:
        if self._befalls("drop"):
            if self._rng.random() < 0.5:
                self._arrives(body, life)
            raise TwinUnreachable("the simulated network lost a message")
        reply = self._arrives(body, life)
        if self._befalls("duplicate"):
            reply = self._arrives(body, life)
        self._answered()
        earlier, self._earlier = self._earlier, reply
        return earlier if earlier and self._befalls("replay") else reply

    def latency_ms(self) -> int:
        """How long the answer that has just come was on its way."""
        return round(log_uniform(self._rng, *SLOW_MS)) if self._befalls("delay") else 0

    def _arrives(self, body: bytes, life: int) -> bytes:
        """A request is at the twin. Its number is too old once a later life was heard: `server_sync.identity`."""
        if life < self._heard:
            raise TwinRefused("the simulated request is of a program before")
        reply = super().post("", body)
        self._heard = life
        return reply

    def _arrives_late(self, body: bytes, life: int) -> None:
        """The unit has long given up this request; nobody hears the answer."""
        with suppress(TwinUnreachable, TwinRefused, UnknownUnit):
            self._arrives(body, life)

    def _befalls(self, kind: str) -> bool:
        chance = self.chances.get(kind, 0.0)
        if not chance or self._rng.random() >= chance:
            return False
        self._met[kind] += 1
        return True
