"""Keeps a source whose pages overrun their budget from holding up all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

FAILURES = 3  # in a row, of pages that cost their worker
PROBE_SECONDS = 3_600.0  # between two pages that are tried of a source in quarantine


@dataclass(slots=True)
class _Source:
    failures: int = 0
    next_probe: float = 0.0  # while in quarantine


class Quarantine:
    """Which sources are left out, and when the next page of each is tried again.

    Each parse process learns by itself, and forgets at its end.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._sources: dict[str, _Source] = {}

    def admits(self, source: str) -> bool:
        """Tell whether a page is to be parsed; in quarantine, one page an hour is, as a probe."""
        found = self._sources.get(source)
        if found is None or found.failures < FAILURES:
            return True
        if self._clock() < found.next_probe:
            return False
        found.next_probe = self._clock() + PROBE_SECONDS
        return True

    def holds(self, source: str) -> bool:
        """Tell whether a source is in quarantine."""
        found = self._sources.get(source)
        return found is not None and found.failures >= FAILURES

    def note_failure(self, source: str) -> bool:
        """Count a page that overran or ended its worker; return whether that put its source into quarantine."""
        found = self._sources.setdefault(source, _Source())
        found.failures += 1
        if found.failures == FAILURES:
            found.next_probe = self._clock() + PROBE_SECONDS
        return found.failures == FAILURES

    def note_success(self, source: str) -> bool:
        """Forget a source's failures; return whether that ended its quarantine."""
        found = self._sources.pop(source, None)
        return found is not None and found.failures >= FAILURES
