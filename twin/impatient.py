"""uvicorn's HTTP with a limit that it lacks: who connects has a few seconds to say what it wants.

Without it, whoever says nothing, or a byte now and then, keeps a connection for as long as it likes; some thousand
of them and nobody else gets one. A body has a limit of its own (`twin.auth.BODY_SECONDS`), an idle connection
uvicorn's.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_S = 5.0
"""How long the head of a request may take to arrive, in seconds."""


class Impatient(H11Protocol):
    """One connection, which is closed on whoever dawdles."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has called."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEADER_S, transport.close)

    def data_received(self, data: bytes) -> None:
        """Somebody says something: a head that was begun is to end in time, the first one and the next ones."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._heard()
        elif self._late is None:
            self._late = self.loop.call_later(HEADER_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody has gone."""
        self._heard()
        super().connection_lost(exc)

    def _heard(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
