"""Fetches what is due at a host: claim, wait for the turn, get the page, hand it to Kafka, and only then say so."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from newswire.crawl.database import open_database
from newswire.crawl.fetch_outcomes import build_outcome
from newswire.crawl.fetched_pages import PageWriter, build_page, is_page, open_page_writer, sha256_of
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
from schemas.messages import FetchOutcome, Outcome

COUNTS: Final = ("claimed", "fetched", "unchanged", "refused", "gone", "failed", "deferred")
_CLAIMED_AT_ONCE: Final = 20  # few, so that another worker finds something to do and little is left when time is up
_LEASE_MARGIN_SECONDS: Final = 60.0
_FAILURES_THAT_SPEAK_FOR_THE_HOST: Final = 3
_SECOND_CHANCES: Final = 2  # in one visit, for an address that was told to come back later
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
    """Fetch the due addresses of a host, or only those of some sources; every one claimed is counted once more.

    Raises SiteError when the host as a whole does not serve us. What the time does not allow stays due.
    """
    deadline = time.monotonic() + deadline_seconds
    return asyncio.run(_fetch_host(host, settings, limit, deadline, sources))


async def _fetch_host(
    host: str, settings: Settings, limit: int, deadline: float, sources: Sequence[str] | None
) -> dict[str, int]:
    catalogue = load_catalogue(settings).sources
    async with (
        open_database(settings) as database,
        open_client(database, settings, host_delays(catalogue.values())) as web,
        open_page_writer(settings) as writer,
    ):
        visit = HostVisit(host, catalogue, Frontier(database, settings), web, writer, deadline)
        try:
            counts = await visit.run(limit, sources)
        finally:
            await writer.tell(visit.outcomes)
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
        web: PoliteClient,
        writer: PageWriter,
        deadline: float,
    ) -> None:
        self._host = host
        self._catalogue = catalogue
        self._frontier = frontier
        self._web = web
        self._writer = writer
        self._deadline = deadline
        self._counts = Counter[str]()
        self._queue = deque[ClaimedUrl]()
        self._chances = Counter[str]()
        self._failures_in_a_row = 0
        self._is_over = False
        self.is_served = False
        self.trouble: SiteError | None = None
        self.outcomes: list[FetchOutcome] = []

    async def run(self, limit: int, sources: Sequence[str] | None) -> dict[str, int]:
        """Go on until nothing is due, the limit or the deadline is reached, or the host is in trouble."""
        try:
            while not self._is_over and await self._claim(limit, sources):
                while self._queue and not self._is_over:
                    await self._visit(self._queue[0])
        except Exception as error:
            if self._queue and not isinstance(error, NewswireError):
                self._queue.popleft()  # it may be the cause: its lease runs out, and the attempt counts
            raise
        finally:
            while self._queue:
                await self._defer(self._queue[0], "no-time", 0.0, forgive=True)
        return {name: self._counts[name] for name in COUNTS}

    async def _claim(self, limit: int, sources: Sequence[str] | None) -> bool:
        left = self._deadline - time.monotonic()
        number = min(_CLAIMED_AT_ONCE, limit - self._counts["claimed"])
        if left <= 0 or number <= 0:
            return False
        claims = await self._frontier.claim(self._host, number, left + _LEASE_MARGIN_SECONDS, sources)
        self._queue.extend(claims)
        self._counts["claimed"] += len(claims)
        return bool(claims)

    async def _visit(self, claim: ClaimedUrl) -> None:
        """Bring one address to its end, or back among the due ones. It leaves the queue when that is written."""
        source = self._catalogue.get(claim.source)
        if source is None:
            await self._end(claim, "refused", "unknown-source")
        elif claim.attempts > MAX_ATTEMPTS:  # whoever tried before never came back to say how it went
            await self._end(claim, "failed", "gave-up")
        else:
            await self._ask(claim, source)

    async def _ask(self, claim: ClaimedUrl, source: Source) -> None:
        try:
            answer = await self._web.get(
                claim.url, deadline=self._deadline, accept=ACCEPT_PAGE, validators=claim.validators()
            )
        except RefusedError as error:
            await self._end(claim, "refused", str(error))
        except OutOfTimeError as error:
            self._is_over = True
            await self._defer(claim, "no-time", error.wait_seconds, forgive=True)
        except UnreachableError as error:
            await self._come_back(claim, error)
        else:
            self._failures_in_a_row = 0
            self.is_served = True
            await self._judge(claim, source, answer)

    async def _judge(self, claim: ClaimedUrl, source: Source, answer: SiteResponse) -> None:
        status = answer.status
        if status == 304 and claim.validators():
            await self._unchanged(claim, answer)
        elif status in {404, 410}:
            await self._end(claim, "gone", f"http-{status}", status, answer)
        elif status != 200:
            await self._end(claim, "refused" if status in _FORBIDDEN else "failed", f"http-{status}", status, answer)
        elif not is_page(answer):
            await self._end(claim, "refused", "content-type", status, answer)
        elif sha256_of(answer) == claim.body_sha256:
            await self._unchanged(claim, answer)
        else:
            await self._deliver(claim, source, answer)

    async def _deliver(self, claim: ClaimedUrl, source: Source, answer: SiteResponse) -> None:
        page = build_page(claim, answer, source)
        await self._writer.write(page)
        await self._frontier.mark_fetched(
            claim,
            fetched_at=page.fetched_at,
            status=page.status,
            etag=page.etag,
            last_modified=page.last_modified,
            body_sha256=page.body_sha256,
        )
        self._settle(claim, "fetched")
        self._note(claim, "fetched", answer=answer)

    async def _unchanged(self, claim: ClaimedUrl, answer: SiteResponse) -> None:
        await self._frontier.mark_unchanged(claim)
        self._settle(claim, "unchanged")
        self._note(claim, "unchanged", answer=answer)

    async def _end(
        self, claim: ClaimedUrl, state: End, reason: str, status: int | None = None, answer: SiteResponse | None = None
    ) -> None:
        await self._frontier.mark_ended(claim, state, reason, status)
        self._settle(claim, state)
        self._note(claim, state, answer=answer, reason=reason, status=status)
        log.info("fetch.url_ended", url=claim.url, source=claim.source, state=state, reason=reason)

    async def _defer(self, claim: ClaimedUrl, reason: str, delay_seconds: float | None, *, forgive: bool) -> None:
        self._settle(claim, "deferred")
        await self._frontier.defer(claim, reason, delay_seconds, forgive=forgive)

    def _settle(self, claim: ClaimedUrl, count: str) -> None:
        self._queue.remove(claim)
        self._counts[count] += 1

    def _note(self, claim: ClaimedUrl, outcome: Outcome, **told: Any) -> None:
        if source := self._catalogue.get(claim.source):
            self.outcomes.append(build_outcome(source, claim.url, "page", outcome, **told))

    async def _come_back(self, claim: ClaimedUrl, error: UnreachableError) -> None:
        """Decide when to try again an address that could not be had."""
        self._judge_host(error)
        if error.retry_after is not None and self._has_second_chance(claim, error.retry_after):
            self._queue.rotate(-1)
            return
        is_spent = dt.datetime.now(dt.UTC) - claim.first_seen_at > PATIENCE
        if is_spent or (claim.attempts >= MAX_ATTEMPTS and error.retry_after is None and not self._is_over):
            await self._end(claim, "failed", str(error), error.status)
        else:
            forgive = error.retry_after is not None or self._is_over
            await self._defer(claim, str(error), error.retry_after, forgive=forgive)
            self._note(claim, "deferred", reason=str(error), status=error.status)

    def _has_second_chance(self, claim: ClaimedUrl, retry_after: float) -> bool:
        self._chances[claim.url_id] += 1
        is_in_time = time.monotonic() + retry_after < self._deadline
        return is_in_time and self._chances[claim.url_id] <= _SECOND_CHANCES and not self._is_over

    def _judge_host(self, error: UnreachableError) -> None:
        """Stop asking a host that is in trouble as a whole."""
        self._failures_in_a_row += 1
        is_too_long = error.status == 429 and time.monotonic() + (error.retry_after or 0.0) >= self._deadline
        if (
            str(error) == "robots-unreachable"
            or is_too_long
            or self._failures_in_a_row >= _FAILURES_THAT_SPEAK_FOR_THE_HOST
        ):
            self._is_over = True
            self.trouble = SiteError(
                f"{self._host} does not serve us: {error}", status=error.status, retry_after=error.retry_after
            )
