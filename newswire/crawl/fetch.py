"""Fetch the due addresses of a host: claim one, wait for the lease, get the page, send it to Kafka, mark it fetched."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from newswire.crawl.database import open_database
from newswire.crawl.fetch_outcomes import AttemptResult, build_outcome
from newswire.crawl.fetched_pages import PageWriter, build_fetched_page, is_page, open_page_writer, sha256_of
from newswire.crawl.frontier import MAX_ATTEMPTS, PATIENCE, ClaimedUrl, End, Frontier
from newswire.crawl.http_client import (
    ACCEPT_PAGE,
    PoliteClient,
    RefusedError,
    SiteResponse,
    UnreachableError,
    open_client,
)
from newswire.crawl.rate_limit import OutOfTimeError, host_delays
from newswire.errors import NewswireError, SiteError
from newswire.settings import Settings
from newswire.sources.catalogue import Source, load_catalogue
from schemas.messages import FetchOutcome

COUNTS: Final = ("claimed", "fetched", "unchanged", "refused", "gone", "failed", "deferred")
_CLAIM_SIZE: Final = 20  # small, so that other workers find work too and little is left when time is up
_LEASE_MARGIN_SECONDS: Final = 60.0
_MAX_FAILURES_IN_A_ROW: Final = 3  # so many mean that the host as a whole is in trouble
_MAX_RETRIES: Final = 2  # in one visit, for an address with a Retry-After that ends before the deadline
_FORBIDDEN: Final = {401, 402, 403, 407, 451}

log = structlog.get_logger()


def fetch_host(
    host: str,
    settings: Settings,
    *,
    limit: int = 500,
    deadline_seconds: float = 200.0,
    sources: Sequence[str] | None = None,
) -> dict[str, int]:
    """Fetch the due addresses of a host, or only those of some sources, and return counts.

    Every claimed address is counted once more, by its outcome. What does not fit into the time stays due.

    Raises:
        SiteError: the host as a whole is unreachable.
    """
    deadline = time.monotonic() + deadline_seconds
    return asyncio.run(_fetch_host(host, settings, limit, deadline, sources))


async def _fetch_host(
    host: str, settings: Settings, limit: int, deadline: float, sources: Sequence[str] | None
) -> dict[str, int]:
    catalogue = load_catalogue(settings).sources
    async with (
        open_database(settings) as database,
        open_client(database, settings, host_delays(catalogue.values())) as client,
        open_page_writer(settings) as writer,
    ):
        visit = HostVisit(host, catalogue, Frontier(database, settings), client, writer, deadline)
        try:
            counts = await visit.run(limit, sources)
        finally:
            await writer.report(visit.outcomes)
    log.info("fetch.host_visited", host=host, **counts)
    if visit.trouble and not visit.is_served:
        raise visit.trouble
    return counts


class HostVisit:
    """One visit to one host."""

    def __init__(
        self,
        host: str,
        catalogue: Mapping[str, Source],
        frontier: Frontier,
        client: PoliteClient,
        writer: PageWriter,
        deadline: float,
    ) -> None:
        self._host = host
        self._catalogue = catalogue
        self._frontier = frontier
        self._client = client
        self._writer = writer
        self._deadline = deadline
        self._counts = Counter[str]()
        self._queue = deque[ClaimedUrl]()
        self._retries = Counter[str]()
        self._failures_in_a_row = 0
        self._is_over = False
        self.is_served = False
        self.trouble: SiteError | None = None
        self.outcomes: list[FetchOutcome] = []

    async def run(self, limit: int, sources: Sequence[str] | None) -> dict[str, int]:
        """Fetch until nothing is due, the limit or deadline is reached, or the host is in trouble; return counts."""
        try:
            while not self._is_over and await self._claim(limit, sources):
                while self._queue and not self._is_over:
                    await self._visit(self._queue[0])
        except Exception as error:
            if self._queue and not isinstance(error, NewswireError):
                self._queue.popleft()  # it may be the cause: its claim expires, and the attempt counts
            raise
        finally:
            while self._queue:
                await self._defer(self._queue[0], "no-time", 0.0, is_forgiven=True)
        return {name: self._counts[name] for name in COUNTS}

    async def _claim(self, limit: int, sources: Sequence[str] | None) -> bool:
        left = self._deadline - time.monotonic()
        number = min(_CLAIM_SIZE, limit - self._counts["claimed"])
        if left <= 0 or number <= 0:
            return False
        claims = await self._frontier.claim(self._host, number, left + _LEASE_MARGIN_SECONDS, sources)
        self._queue.extend(claims)
        self._counts["claimed"] += len(claims)
        return bool(claims)

    async def _visit(self, claim: ClaimedUrl) -> None:
        """Fetch one address. It leaves the queue once its end, or when it is due again, is in the crawl state."""
        source = self._catalogue.get(claim.source)
        if source is None:
            await self._end(claim, "refused", "unknown-source")
        elif claim.attempts > MAX_ATTEMPTS:  # every earlier attempt died before it recorded an outcome
            await self._end(claim, "failed", "gave-up")
        else:
            await self._request(claim, source)

    async def _request(self, claim: ClaimedUrl, source: Source) -> None:
        try:
            response = await self._client.get(
                claim.url, deadline=self._deadline, accept=ACCEPT_PAGE, validators=claim.validators()
            )
        except RefusedError as error:
            await self._end(claim, "refused", str(error))
        except OutOfTimeError as error:
            self._is_over = True
            await self._defer(claim, "no-time", error.wait_seconds, is_forgiven=True)
        except UnreachableError as error:
            await self._retry_later(claim, error)
        else:
            self._failures_in_a_row = 0
            self.is_served = True
            await self._handle_response(claim, source, response)

    async def _handle_response(self, claim: ClaimedUrl, source: Source, response: SiteResponse) -> None:
        status = response.status
        if status == 304 and claim.validators():
            await self._unchanged(claim, response)
        elif status in {404, 410}:
            await self._end(claim, "gone", f"http-{status}", status, response)
        elif status != 200:
            await self._end(claim, "refused" if status in _FORBIDDEN else "failed", f"http-{status}", status, response)
        elif not is_page(response):
            await self._end(claim, "refused", "content-type", status, response)
        elif sha256_of(response) == claim.body_sha256:
            await self._unchanged(claim, response)
        else:
            await self._deliver(claim, source, response)

    async def _deliver(self, claim: ClaimedUrl, source: Source, response: SiteResponse) -> None:
        page = build_fetched_page(claim, response, source)
        await self._writer.write(page)
        await self._frontier.mark_fetched(claim, page)
        self._settle(claim, "fetched")
        self._add_outcome(claim, AttemptResult("fetched", response))

    async def _unchanged(self, claim: ClaimedUrl, response: SiteResponse) -> None:
        await self._frontier.mark_unchanged(claim)
        self._settle(claim, "unchanged")
        self._add_outcome(claim, AttemptResult("unchanged", response))

    async def _end(
        self,
        claim: ClaimedUrl,
        state: End,
        reason: str,
        status: int | None = None,
        response: SiteResponse | None = None,
    ) -> None:
        await self._frontier.mark_ended(claim, state, reason, status)
        self._settle(claim, state)
        self._add_outcome(claim, AttemptResult(state, response, reason, status))
        log.info("fetch.url_ended", url=claim.url, source=claim.source, state=state, reason=reason)

    async def _defer(self, claim: ClaimedUrl, reason: str, delay_seconds: float | None, *, is_forgiven: bool) -> None:
        self._settle(claim, "deferred")
        await self._frontier.defer(claim, reason, delay_seconds, is_forgiven=is_forgiven)

    def _settle(self, claim: ClaimedUrl, count: str) -> None:
        self._queue.remove(claim)
        self._counts[count] += 1

    def _add_outcome(self, claim: ClaimedUrl, result: AttemptResult) -> None:
        if source := self._catalogue.get(claim.source):
            self.outcomes.append(build_outcome(source, claim.url, "page", result))

    async def _retry_later(self, claim: ClaimedUrl, error: UnreachableError) -> None:
        """Decide when an address is due again that could not be fetched now, or end it."""
        self._check_host(error)
        if error.retry_after is not None and self._may_retry_now(claim, error.retry_after):
            self._queue.rotate(-1)
            return
        is_too_old = dt.datetime.now(dt.UTC) - claim.first_seen_at > PATIENCE
        if is_too_old or (claim.attempts >= MAX_ATTEMPTS and error.retry_after is None and not self._is_over):
            await self._end(claim, "failed", str(error), error.status)
        else:
            is_forgiven = error.retry_after is not None or self._is_over
            await self._defer(claim, str(error), error.retry_after, is_forgiven=is_forgiven)
            self._add_outcome(claim, AttemptResult("deferred", reason=str(error), status=error.status))

    def _may_retry_now(self, claim: ClaimedUrl, retry_after: float) -> bool:
        self._retries[claim.url_id] += 1
        is_in_time = time.monotonic() + retry_after < self._deadline
        return is_in_time and self._retries[claim.url_id] <= _MAX_RETRIES and not self._is_over

    def _check_host(self, error: UnreachableError) -> None:
        """End the visit if the host as a whole is in trouble."""
        self._failures_in_a_row += 1
        is_too_long = error.status == 429 and time.monotonic() + (error.retry_after or 0.0) >= self._deadline
        if str(error) == "robots-unreachable" or is_too_long or self._failures_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            self._is_over = True
            self.trouble = SiteError(
                f"{self._host} is unreachable: {error}", status=error.status, retry_after=error.retry_after
            )
