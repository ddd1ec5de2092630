"""When a failed crawl task is retried: 4xx is final, 429 and 503 obey Retry-After, anything else backs off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from newswire.errors import ConfigError, Retry

BUSY_STATUSES = (429, 503)
MAX_WAIT_SECONDS = 120.0  # after a longer Retry-After, the next run tries again
DEFAULT_WAIT_SECONDS = 30.0
OUTAGE_WAIT_SECONDS = 10.0  # until one of our servers is likely to be back


class PoliteRetry(RetryPolicy):
    """Decides by the `status` and `retry_after` of a failed host or feed; called in the task's own process."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002 - Airflow's signature
        max_tries: int,  # noqa: ARG002
        context: Any = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Return whether and when to retry; the number of retries is the task's."""
        status = getattr(exception, "status", None)
        if isinstance(exception, ConfigError):
            return RetryDecision.fail("a setting or source is wrong, so a retry cannot help")
        if isinstance(exception, Retry):
            return RetryDecision.retry(timedelta(seconds=OUTAGE_WAIT_SECONDS), "one of our servers does not respond")
        if status in BUSY_STATUSES:
            return _by_retry_after(status, getattr(exception, "retry_after", None))
        if status is not None and 400 <= status < 500:
            return RetryDecision.fail(f"HTTP {status} is final")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return the path of the class, which has no state."""
        return {"__type": f"{type(self).__module__}.{type(self).__qualname__}"}


def _by_retry_after(status: int, retry_after_seconds: float | None) -> RetryDecision:
    wait = DEFAULT_WAIT_SECONDS if retry_after_seconds is None else float(retry_after_seconds)
    if wait > MAX_WAIT_SECONDS:
        return RetryDecision.fail(f"HTTP {status}, Retry-After {wait:.0f} s: left to the next run")
    return RetryDecision.retry(timedelta(seconds=wait), f"HTTP {status}, Retry-After {wait:.0f} s")


DEFAULTS: dict[str, Any] = {  # for every task; all are retried, so that one that was killed runs again
    "owner": "newsdesk",
    "retries": 2,
    "retry_delay": timedelta(seconds=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": PoliteRetry(),
    "execution_timeout": timedelta(minutes=4),
}
