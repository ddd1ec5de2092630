"""What the crawl's tasks do: call the crawl for each member of a batch and return counts, never bodies.

Tasks import this module when they run, as it brings the whole crawl with it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from newswire.airflow.crawl_requests import RequestedCrawl
from newswire.airflow.mapped_batches import Batch
from newswire.airflow.run_summary import Report
from newswire.crawl.crawl_now import crawl_sources
from newswire.crawl.discover import discover
from newswire.crawl.fetch import fetch_host
from newswire.errors import ConfigError, NewswireError
from newswire.settings import Settings
from newswire.sources.catalogue import load_catalogue

log = structlog.get_logger(__name__)

AT_ONCE = 16  # members of a batch that are crawled together; each host keeps its own pace
FETCH_SECONDS = 200.0  # below the task's execution timeout, so that it ends by itself and leaves the rest due

Work = Callable[[str], dict[str, int]]


def discover_batch(batch: Batch, settings: Settings) -> Report:
    """Read the lists of every source of the batch."""
    sources = load_catalogue(settings).sources

    def work(source_id: str) -> dict[str, int]:
        if source_id not in sources:
            raise ConfigError(f"source {source_id} is gone or broken; see `newswire sources check`")
        return discover(sources[source_id], settings)

    return run_batch(batch["members"], work)


def fetch_batch(batch: Batch, settings: Settings) -> Report:
    """Fetch what is due from every host of the batch; what the time does not allow stays due."""
    until = time.monotonic() + FETCH_SECONDS

    def work(host: str) -> dict[str, int]:
        return fetch_host(host, settings, deadline_seconds=max(0.0, until - time.monotonic()))

    return run_batch(batch["members"], work)


def crawl_requested(wish: RequestedCrawl, settings: Settings) -> Report:
    """Discover and fetch one source now."""

    def work(source_id: str) -> dict[str, int]:
        return crawl_sources([source_id], settings, limit=wish["limit"], fresh=wish["fresh"])

    return run_batch([wish["source"]], work)


def run_batch(members: list[str], work: Work) -> Report:
    """Do the work for every member and report.

    Raises the first error when more than half of the members failed: the task is then tried again or is red.
    """
    report = Report(done=[], failed={}, counts={})
    counts: Counter[str] = Counter()
    errors: list[Exception] = []
    with ThreadPoolExecutor(min(AT_ONCE, len(members))) as pool:
        for member, outcome in zip(members, pool.map(lambda member: _attempt(work, member), members), strict=True):
            if isinstance(outcome, NewswireError):
                errors.append(outcome)
                report["failed"][member] = str(outcome)
            else:
                report["done"].append(member)
                counts.update(outcome)
    if len(errors) * 2 > len(members):
        raise errors[0]
    report["counts"] = dict(counts)
    return report


def _attempt(work: Work, member: str) -> dict[str, int] | NewswireError:
    """An error of ours concerns this member alone; anything else is a bug and fails the task at once."""
    try:
        return work(member)
    except NewswireError as error:
        log.warning("airflow.member_failed", member=member, reason=str(error))
        return error
