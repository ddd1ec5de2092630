"""A clock that stands still until somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FrozenClock:
    """A clock for tests: waiting takes no time and moves it on."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds waited so far."""
        return self._seconds

    def now(self) -> datetime:
        """Return a time of day that moves with the waiting."""
        return START + timedelta(seconds=self._seconds)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._seconds += seconds
