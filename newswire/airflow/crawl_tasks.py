"""The bodies of the crawl's tasks: call the crawl for each member of a batch and return counts, never page bodies.

Tasks import this module when they run, because it imports the whole crawl.
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

CONCURRENCY = 16  # members of a batch that are crawled at the same time; each host keeps its own rate limit
FETCH_SECONDS = 200.0  # below the task's execution timeout, so that it ends by itself and the rest stays due

Work = Callable[[str], dict[str, int]]


def discover_batch(batch: Batch, settings: Settings) -> Report:
    """Read the lists of every source of the batch."""
    sources = load_catalogue(settings).sources

    def work(source_id: str) -> dict[str, int]:
        if source_id not in sources:
            raise ConfigError(f"source {source_id} was removed or its file has an error; see `newswire sources check`")
        return discover(sources[source_id], settings)

    return run_batch(batch["members"], work)


def fetch_batch(batch: Batch, settings: Settings) -> Report:
    """Fetch the due addresses of every host of the batch; what does not fit into the time stays due."""
    until = time.monotonic() + FETCH_SECONDS

    def work(host: str) -> dict[str, int]:
        return fetch_host(host, settings, deadline_seconds=max(0.0, until - time.monotonic()))

    return run_batch(batch["members"], work)


def crawl_requested(request: RequestedCrawl, settings: Settings) -> Report:
    """Discover and fetch the requested source now."""

    def work(source_id: str) -> dict[str, int]:
        return crawl_sources([source_id], settings, limit=request["limit"], fresh=request["fresh"])

    return run_batch([request["source"]], work)


def run_batch(members: list[str], work: Work) -> Report:
    """Do the work for every member and return a report; an error of one member does not stop the others.

    Raises:
        NewswireError: the first error, if more than half of the members failed; Airflow then retries the task.
    """
    report = Report(done=[], failed={}, counts={})
    counts: Counter[str] = Counter()
    errors: list[Exception] = []
    with ThreadPoolExecutor(min(CONCURRENCY, len(members))) as pool:
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
    """Return the counts or the expected error of a member; an unexpected one is a bug and fails the whole task."""
    try:
        return work(member)
    except NewswireError as error:
        log.warning("airflow.member_failed", member=member, reason=str(error))
        return error
