"""Finds addresses: asks a source's feeds, sitemaps and front pages what is new, and records each address once."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog

from newswire.crawl.database import Database, open_database
from newswire.crawl.feeds import UnreadableListError
from newswire.crawl.fetch_outcomes import build_outcome, send_outcomes
from newswire.crawl.frontier import Frontier
from newswire.crawl.http_client import ACCEPT_LIST, PoliteClient, RefusedError, UnreachableError, open_client
from newswire.crawl.list_reader import Contents, Kind, read_list, select
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
    """Read all lists of a source and return counts; raises SiteError when not one of them could be read.

    `fresh` asks as if for the first time, and makes the addresses that are listed due again.
    """
    return asyncio.run(_discover(source, settings, fresh=fresh, deadline=time.monotonic() + deadline_seconds))


async def _discover(source: Source, settings: Settings, *, fresh: bool, deadline: float) -> dict[str, int]:
    delays = host_delays([source, *load_catalogue(settings).sources.values()])
    async with open_database(settings) as database, open_client(database, settings, delays) as web:
        discovery = Discovery(source, settings, database, web, fresh=fresh, deadline=deadline)
        try:
            return await discovery.run()
        finally:
            await asyncio.to_thread(_tell, discovery.outcomes, settings)


def _tell(outcomes: Sequence[FetchOutcome], settings: Settings) -> None:
    with open_publisher(settings, "discover") as publisher:
        send_outcomes(publisher, outcomes)


class Discovery:
    """One visit to one source."""

    def __init__(
        self, source: Source, settings: Settings, database: Database, web: PoliteClient, *, fresh: bool, deadline: float
    ) -> None:
        self._source = source
        self._settings = settings
        self._web = web
        self._polls = ListStates(database, settings)
        self._frontier = Frontier(database, settings)
        self._fresh = fresh
        self._deadline = deadline
        self._counts = Counter[str]()
        self._failures: list[UnreachableError] = []
        self.outcomes: list[FetchOutcome] = []

    async def run(self) -> dict[str, int]:
        """Ask list after list; one that fails does not keep the others from being read."""
        for url in self._source.feeds:
            await self._visit(url, "feed")
        for url in self._source.sitemaps:
            for child, changed_at in await self._visit(url, "sitemap"):
                await self._visit(child, "sitemap", changed_at)
        for url in self._source.front_pages:
            await self._visit(url, "front page")
        log.info("discover.source_visited", source=self._source.id, **self._counts)
        if self._failures and len(self._failures) + self._counts["lists_paused"] == self._counts["lists"]:
            raise self._nothing_worked()
        return {name: self._counts[name] for name in COUNTS}

    async def _visit(
        self, url: str, kind: Kind, changed_at: dt.datetime | None = None
    ) -> Sequence[tuple[str, dt.datetime | None]]:
        """Ask one list and record what it names; returns the further lists it names."""
        poll = await self._polls.begin(url, self._source.id, fresh=self._fresh)
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
            await self._note_failure(poll, kind, error)
        return ()

    async def _read(self, poll: ListPoll, kind: Kind) -> Sequence[tuple[str, dt.datetime | None]]:
        answer = await self._web.get(poll.url, deadline=self._deadline, accept=ACCEPT_LIST, validators=poll.validators)
        if (answer.status == 304 and poll.validators) or (answer.status == 200 and poll.is_known(answer.body)):
            self._counts["lists_unchanged"] += 1
            await self._polls.save_good(poll, answer)
            self._note(poll, kind, "unchanged", answer=answer)
            return ()
        if answer.status != 200:
            raise UnreachableError(f"http-{answer.status}", status=answer.status)
        contents = await asyncio.to_thread(read_list, kind, answer, self._settings)
        new = await self._record(poll, contents)
        # What an index names may change though the index does not: it is read in full every time.
        await self._polls.save_good(
            poll, answer, entries=len(contents.found), new=new, is_remembered=not contents.children
        )
        self._note(poll, kind, "fetched", new, answer=answer)
        return contents.children

    def _note(self, poll: ListPoll, kind: Kind, outcome: Outcome, new: int = 0, **told: Any) -> None:
        built = build_outcome(self._source, poll.url, kind, outcome, **told)
        self.outcomes.append(msgspec.structs.replace(built, new_urls=new))

    async def _record(self, poll: ListPoll, contents: Contents) -> int:
        wanted = select(self._source, contents.found)
        recorded = await self._frontier.record(self._source.id, poll.url, wanted, fresh=self._fresh)
        self._counts.update(recorded, entries=len(contents.found), skipped=len(contents.found) - len(wanted))
        return recorded["new"]

    async def _note_failure(self, poll: ListPoll, kind: Kind, error: Exception) -> None:
        known = error if isinstance(error, UnreachableError) else UnreachableError(str(error))
        self._failures.append(known)
        self._counts["lists_failed"] += 1
        await self._polls.save_bad(poll, str(error), known.status, known.retry_after)
        outcome: Outcome = "refused" if isinstance(error, RefusedError) else "failed"
        self._note(poll, kind, outcome, reason=str(error), status=known.status)
        log.warning("discover.list_failed", source=self._source.id, url=poll.url, reason=str(error))

    def _nothing_worked(self) -> SiteError:
        # The most patient answer decides when to come back; a status only speaks for all if all agree.
        reasons = ", ".join(sorted({str(failure) for failure in self._failures}))
        statuses = {failure.status for failure in self._failures}
        waits = [failure.retry_after for failure in self._failures if failure.retry_after is not None]
        return SiteError(
            f"no list of {self._source.id} could be read: {reasons}",
            status=statuses.pop() if len(statuses) == 1 else None,
            retry_after=max(waits, default=None),
        )
