"""How a crawl task is tried again: 4xx is final, 429 and 503 obey Retry-After, the rest backs off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from newswire.errors import ConfigError, Retry

BUSY = (429, 503)
LONGEST_WAIT_SECONDS = 120.0  # a longer Retry-After is left to the next run, which obeys it too
DEFAULT_WAIT_SECONDS = 30.0
OUTAGE_SECONDS = 10.0  # until a server of ours is likely to be back


class PoliteRetry(RetryPolicy):
    """Looks at the `status` and `retry_after` of a failed host or feed; it runs in the task's own process."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002 - Airflow's signature
        max_tries: int,  # noqa: ARG002
        context: Any = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Decide what follows a failure; the number of retries stays the task's."""
        status = getattr(exception, "status", None)
        if isinstance(exception, ConfigError):
            return RetryDecision.fail("a setting or a source is wrong: trying again cannot help")
        if isinstance(exception, Retry):
            return RetryDecision.retry(timedelta(seconds=OUTAGE_SECONDS), "a server of ours is away")
        if status in BUSY:
            return _when_asked(status, getattr(exception, "retry_after", None))
        if status is not None and 400 <= status < 500:
            return RetryDecision.fail(f"HTTP {status} is final")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Name the class, as it has no state."""
        return {"__type": f"{type(self).__module__}.{type(self).__qualname__}"}


def _when_asked(status: int, retry_after_seconds: float | None) -> RetryDecision:
    wait = DEFAULT_WAIT_SECONDS if retry_after_seconds is None else float(retry_after_seconds)
    if wait > LONGEST_WAIT_SECONDS:
        return RetryDecision.fail(f"HTTP {status} asks for {wait:.0f} s: the next run comes later than that")
    return RetryDecision.retry(timedelta(seconds=wait), f"HTTP {status}, Retry-After {wait:.0f} s")


DEFAULTS: dict[str, Any] = {  # of every task; one that is killed runs again, so all of them are retried
    "owner": "newsdesk",
    "retries": 2,
    "retry_delay": timedelta(seconds=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": PoliteRetry(),
    "execution_timeout": timedelta(minutes=4),
}
