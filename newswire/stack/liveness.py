"""Whether a service still answers, and how long the supervisor waits before it starts one again."""

from __future__ import annotations

import asyncio
import time

import structlog

from newswire.stack.service import Service
from newswire.stack.standstill import Clock

ASK_EVERY_SECONDS = 5.0
ANSWER_WITHIN_SECONDS = 10.0
FEWEST_MISSES = 3  # one question after a long sleep of the supervisor proves nothing
STABLE_SECONDS = 60.0  # a service that was ready for longer has recovered
FAILING_AFTER = 5  # quick failures in a row
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 300.0

log = structlog.get_logger(__name__)


class Liveness:
    """How long a service has been silent. Silence counts only while the supervisor asks."""

    def __init__(self, live_within: float, clock: Clock = time.monotonic) -> None:
        self._live_within, self._clock = live_within, clock
        self._answered_at = clock()
        self._misses = 0

    def note(self, *, is_live: bool) -> None:
        """Note the outcome of one probe."""
        if is_live:
            self._answered_at, self._misses = self._clock(), 0
        else:
            self._misses += 1

    @property
    def silent_seconds(self) -> float:
        """Seconds since the last answer; 0 if the last probe was answered."""
        return self._clock() - self._answered_at if self._misses else 0.0

    @property
    def is_hung(self) -> bool:
        """Whether the service has been silent for longer than its limit."""
        return self._misses >= FEWEST_MISSES and self.silent_seconds > self._live_within


class Backoff:
    """The delay before the next start: none at first, then twice as long after each failure, up to five minutes."""

    def __init__(self) -> None:
        self.failures = 0

    def note(self, stable_seconds: float) -> None:
        """Note an end, and how long the service had been ready before it."""
        self.failures = 1 if stable_seconds > STABLE_SECONDS else self.failures + 1

    @property
    def delay_seconds(self) -> float:
        """How long to wait before the next start."""
        if self.failures <= 1:
            return 0.0
        doublings = min(self.failures - 2, 32)  # no overflow after weeks of failures
        return float(min(FIRST_DELAY_SECONDS * 2**doublings, LONGEST_DELAY_SECONDS))

    @property
    def is_failing(self) -> bool:
        """Whether the service fails again and again."""
        return self.failures >= FAILING_AFTER


def ask_every(service: Service) -> float:
    """Return the seconds between two liveness probes of a service."""
    return min(ASK_EVERY_SECONDS, service.live_within / 10)


async def is_live(service: Service, within_seconds: float = ANSWER_WITHIN_SECONDS) -> bool | None:
    """Ask a service's liveness probe; None if it has none."""
    probe = service.liveness_probe
    if probe is None:
        return None
    try:
        return await asyncio.wait_for(probe(), within_seconds)
    except TimeoutError:
        return False
    except Exception:
        log.exception("stack.probe_failed", service=service.name)  # a bug in a probe must not end the supervisor
        return False
