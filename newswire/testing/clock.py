"""A clock that advances only when somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FrozenClock:
    """A clock for tests: waiting takes no real time and advances it."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds waited so far."""
        return self._seconds

    def now(self) -> datetime:
        """Return the start time plus the seconds waited."""
        return START + timedelta(seconds=self._seconds)

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self._seconds += seconds
