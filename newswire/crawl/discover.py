"""Discover addresses: read a source's feeds, sitemaps and front pages, and record each address once."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from newswire.crawl.database import Database, open_database
from newswire.crawl.feeds import UnreadableListError
from newswire.crawl.fetch_outcomes import AttemptResult, build_outcome, send_outcomes
from newswire.crawl.frontier import Frontier
from newswire.crawl.http_client import ACCEPT_LIST, PoliteClient, RefusedError, UnreachableError, open_client
from newswire.crawl.list_reader import ListContents, ListKind, read_list, select_urls
from newswire.crawl.list_state import ListPoll, ListStates
from newswire.crawl.rate_limit import OutOfTimeError, host_delays
from newswire.errors import SiteError
from newswire.kafka.publisher import open_publisher
from newswire.settings import Settings
from newswire.sources.catalogue import Source, load_catalogue
from schemas.messages import FetchOutcome, Outcome

COUNTS: Final = (
    "lists", "lists_unchanged", "lists_failed", "lists_paused", "entries", "new", "due_again", "refused", "skipped"
)  # fmt: skip

log = structlog.get_logger()


def discover(
    source: Source, settings: Settings, *, fresh: bool = False, deadline_seconds: float = 200.0
) -> dict[str, int]:
    """Read all lists of a source and return counts.

    `fresh` reads them as if for the first time, and makes the addresses in them due again.

    Raises:
        SiteError: none of the lists could be read.
    """
    return asyncio.run(_discover(source, settings, fresh=fresh, deadline=time.monotonic() + deadline_seconds))


async def _discover(source: Source, settings: Settings, *, fresh: bool, deadline: float) -> dict[str, int]:
    delays = host_delays([source, *load_catalogue(settings).sources.values()])
    async with open_database(settings) as database, open_client(database, settings, delays) as client:
        discovery = Discovery(source, settings, database, client, fresh=fresh, deadline=deadline)
        try:
            return await discovery.run()
        finally:
            await asyncio.to_thread(_report, discovery.outcomes, settings)


def _report(outcomes: Sequence[FetchOutcome], settings: Settings) -> None:
    with open_publisher(settings, "discover") as publisher:
        send_outcomes(publisher, outcomes)


class Discovery:
    """One visit to all lists of one source."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        database: Database,
        client: PoliteClient,
        *,
        fresh: bool,
        deadline: float,
    ) -> None:
        self._source = source
        self._settings = settings
        self._client = client
        self._list_states = ListStates(database, settings)
        self._frontier = Frontier(database, settings)
        self._fresh = fresh
        self._deadline = deadline
        self._counts = Counter[str]()
        self._failures: list[UnreachableError] = []
        self.outcomes: list[FetchOutcome] = []

    async def run(self) -> dict[str, int]:
        """Read list after list and return the counts; one that fails does not stop the others."""
        for url in self._source.feeds:
            await self._visit(url, "feed")
        for url in self._source.sitemaps:
            for child, changed_at in await self._visit(url, "sitemap"):
                await self._visit(child, "sitemap", changed_at)
        for url in self._source.front_pages:
            await self._visit(url, "front page")
        log.info("discover.source_visited", source=self._source.id, **self._counts)
        if self._failures and len(self._failures) + self._counts["lists_paused"] == self._counts["lists"]:
            raise self._all_failed()
        return {name: self._counts[name] for name in COUNTS}

    async def _visit(
        self, url: str, kind: ListKind, changed_at: dt.datetime | None = None
    ) -> Sequence[tuple[str, dt.datetime | None]]:
        """Read one list and record its addresses; return the further lists that it names."""
        poll = await self._list_states.begin(url, self._source.id, fresh=self._fresh)
        if poll.has_seen(changed_at):
            return ()
        self._counts["lists"] += 1
        if poll.pause_seconds > 0:
            self._counts["lists_paused"] += 1
            return ()
        try:
            return await self._read(poll, kind)
        except OutOfTimeError:
            self._counts["lists_paused"] += 1
        except (UnreachableError, RefusedError, UnreadableListError) as error:
            await self._record_failure(poll, kind, error)
        return ()

    async def _read(self, poll: ListPoll, kind: ListKind) -> Sequence[tuple[str, dt.datetime | None]]:
        response = await self._client.get(
            poll.url, deadline=self._deadline, accept=ACCEPT_LIST, validators=poll.validators
        )
        if (response.status == 304 and poll.validators) or (response.status == 200 and poll.is_known(response.body)):
            self._counts["lists_unchanged"] += 1
            await self._list_states.save_good(poll, response)
            self._add_outcome(poll, kind, AttemptResult("unchanged", response, new_urls=0))
            return ()
        if response.status != 200:
            raise UnreachableError(f"http-{response.status}", status=response.status)
        contents = await asyncio.to_thread(read_list, kind, response, self._settings)
        new = await self._record(poll, contents)
        # The lists in an index may change although the index does not, so an index is read in full every time.
        await self._list_states.save_good(
            poll, response, entries=len(contents.found), new=new, is_remembered=not contents.children
        )
        self._add_outcome(poll, kind, AttemptResult("fetched", response, new_urls=new))
        return contents.children

    def _add_outcome(self, poll: ListPoll, kind: ListKind, result: AttemptResult) -> None:
        self.outcomes.append(build_outcome(self._source, poll.url, kind, result))

    async def _record(self, poll: ListPoll, contents: ListContents) -> int:
        wanted = select_urls(self._source, contents.found)
        recorded = await self._frontier.record(self._source.id, poll.url, wanted, fresh=self._fresh)
        self._counts.update(recorded, entries=len(contents.found), skipped=len(contents.found) - len(wanted))
        return recorded["new"]

    async def _record_failure(self, poll: ListPoll, kind: ListKind, error: Exception) -> None:
        known = error if isinstance(error, UnreachableError) else UnreachableError(str(error))
        self._failures.append(known)
        self._counts["lists_failed"] += 1
        await self._list_states.save_bad(poll, str(error), known.status, known.retry_after)
        outcome: Outcome = "refused" if isinstance(error, RefusedError) else "failed"
        self._add_outcome(poll, kind, AttemptResult(outcome, reason=str(error), status=known.status, new_urls=0))
        log.warning("discover.list_failed", source=self._source.id, url=poll.url, reason=str(error))

    def _all_failed(self) -> SiteError:
        # The longest Retry-After decides when to try again; a status is given only if all failures have the same one.
        reasons = ", ".join(sorted({str(failure) for failure in self._failures}))
        statuses = {failure.status for failure in self._failures}
        waits = [failure.retry_after for failure in self._failures if failure.retry_after is not None]
        return SiteError(
            f"no list of {self._source.id} could be read: {reasons}",
            status=statuses.pop() if len(statuses) == 1 else None,
            retry_after=max(waits, default=None),
        )
