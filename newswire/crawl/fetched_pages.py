"""Build a FetchedPage from a site's response and send it to Kafka; it counts as fetched once acknowledged."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from email.message import Message
from typing import Final

import msgspec

from newswire.crawl.fetch_outcomes import send_outcomes
from newswire.crawl.frontier import ClaimedUrl
from newswire.crawl.http_client import SiteResponse
from newswire.kafka.body_store import blob_store, pack_body
from newswire.kafka.publisher import Publisher, open_publisher
from newswire.settings import Settings
from newswire.sources.catalogue import Source
from newswire.stage import Out
from newswire.text.urls import host_of
from schemas.bounds import is_in_time
from schemas.messages import FeedEntry, FetchedPage, FetchOutcome
from schemas.topics import FETCHED_PAGES

_PAGE_TYPES: Final = {"text/html", "application/xhtml+xml"}
_ONE_MICROSECOND: Final = dt.timedelta(microseconds=1)


def build_fetched_page(claim: ClaimedUrl, response: SiteResponse, source: Source) -> FetchedPage:
    """Return the message of a response, its body still inline."""
    now = dt.datetime.now(dt.UTC)
    headers = response.headers
    return FetchedPage(
        url_id=claim.url_id,
        url=claim.url,
        final_url=response.url,
        source=source.id,
        outlet=source.title,
        host=host_of(response.url),
        # Later than the previous fetch, whatever this machine's clock: the latest time marks the newest fetch.
        fetched_at=max(now, claim.fetched_at + _ONE_MICROSECOND) if claim.fetched_at else now,
        first_seen_at=claim.first_seen_at,
        status=response.status,
        body=pack_body(response.body),
        body_bytes=len(response.body),
        body_sha256=sha256_of(response),
        content_type=content_type(response),
        http_charset=charset_of(response),
        robots_tag=robots_tag_of(response),
        robots_ai_use=response.robots_ai_use,
        etag=headers.get("ETag"),
        last_modified=headers.get("Last-Modified"),
        language_hint=source.language,
        country=source.country,
        is_agency=source.is_agency,
        feed=_in_bounds(claim.entry),
    )


def _in_bounds(entry: FeedEntry | None) -> FeedEntry | None:
    """Return a feed's entry without a date that no reader of the message could take: some feeds say year 9999."""
    if entry and entry.published_at and not is_in_time(entry.published_at):
        return msgspec.structs.replace(entry, published_at=None)
    return entry


def sha256_of(response: SiteResponse) -> str:
    """Return the hash of the body, unpacked."""
    return hashlib.sha256(response.body).hexdigest()


def is_page(response: SiteResponse) -> bool:
    """Return whether the response is declared as HTML, or is undeclared and begins like HTML."""
    declared = content_type(response)
    if declared is None:
        return response.body[:512].lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<")
    return declared in _PAGE_TYPES


def content_type(response: SiteResponse) -> str | None:
    """Return the media type without parameters."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None


def charset_of(response: SiteResponse) -> str | None:
    """Return the charset in the Content-Type header."""
    message = Message()
    message["Content-Type"] = response.headers.get("Content-Type", "")
    charset = message.get_content_charset()
    return charset if charset and charset.isascii() and len(charset) <= 40 else None


def robots_tag_of(response: SiteResponse) -> str | None:
    """Return the values of all X-Robots-Tag headers, separated by commas."""
    return ", ".join(response.headers.get_list("X-Robots-Tag")) or None


class PageWriter:
    """Writes pages to `fetched-pages`, with one thread for the Kafka client."""

    def __init__(self, publisher: Publisher, settings: Settings, thread: ThreadPoolExecutor) -> None:
        self._publisher = publisher
        self._settings = settings
        self._blobs = blob_store(settings)
        self._thread = thread

    async def write(self, page: FetchedPage) -> None:
        """Return when the broker has acknowledged the page; raises Retry."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, page)

    async def report(self, outcomes: Sequence[FetchOutcome]) -> None:
        """Send the outcomes of attempts; see fetch_outcomes.py."""
        await asyncio.get_running_loop().run_in_executor(self._thread, send_outcomes, self._publisher, outcomes)

    def _write(self, page: FetchedPage) -> None:
        self._publisher.send(Out(FETCHED_PAGES, self._fit(page)))
        self._publisher.flush()

    def _fit(self, page: FetchedPage) -> FetchedPage:
        if page.body is None or len(FETCHED_PAGES.encode(page)) < self._settings.max_inline_bytes:
            return page
        return msgspec.structs.replace(page, body=None, body_ref=self._blobs.put(page.body))


@asynccontextmanager
async def open_page_writer(settings: Settings) -> AsyncIterator[PageWriter]:
    """Open a writer; the Kafka connection is made with the first page."""
    with ThreadPoolExecutor(1, "kafka") as thread, open_publisher(settings, "fetch") as publisher:
        yield PageWriter(publisher, settings, thread)
