"""HTTP for clients that may be slow on purpose: a request that is not complete in time does not hold its connection."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0  # for headers and body; every request of a browser fits into one packet or two
MAX_CONNECTIONS = 500


class BoundedProtocol(H11Protocol):
    """Closes a connection whose client has taken too long to complete a request; responses take the time they need."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request, or close a connection too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.close()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come, and give the rest of a request its time."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        super().connection_lost(exc)
        self._stop()

    def _watch(self) -> None:
        if not self._is_incomplete():
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._close)

    def _is_incomplete(self) -> bool:
        if self.cycle is None or self.cycle.more_body:
            return True
        return self.cycle.response_complete and bool(self.conn.trailing_data[0])

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
