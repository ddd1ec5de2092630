"""Read a source's list of any kind: a feed, a sitemap, a sitemap index, a front page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from lxml import etree, html

from newswire.crawl.feeds import UnreadableListError, read_feed
from newswire.crawl.frontier import ListedUrl
from newswire.crawl.http_client import SiteResponse
from newswire.crawl.sitemaps import read_sitemap
from newswire.settings import Settings
from newswire.sources.catalogue import Source
from newswire.text.urls import clean_url, host_of
from schemas.messages import FeedEntry

ListKind = Literal["feed", "sitemap", "front page"]
MAX_CHILDREN: Final = 20  # the newest sitemaps of an index


@dataclass(frozen=True, slots=True)
class ListContents:
    """The addresses in a list, and the further lists it names with the time each changed."""

    found: tuple[ListedUrl, ...]
    children: tuple[tuple[str, dt.datetime | None], ...] = ()


def read_list(kind: ListKind, response: SiteResponse, settings: Settings) -> ListContents:
    """Return the contents of a list; raises UnreadableListError."""
    if kind == "feed":
        content_type = response.headers.get("Content-Type", "")
        return ListContents(tuple(read_feed(response.body, response.url, content_type, settings.max_feed_items)))
    if kind == "front page":
        return ListContents(tuple(_read_links(response.body, response.url, settings.max_feed_items)))
    sitemap = read_sitemap(response.body, response.url, settings.max_feed_items, settings.max_body_bytes)
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
    newest_first = sorted(sitemap.children, key=lambda child: child[1] or oldest, reverse=True)
    return ListContents(sitemap.pages, tuple(newest_first[:MAX_CHILDREN]))


def select_urls(source: Source, found: Iterable[ListedUrl]) -> list[ListedUrl]:
    """Leave out addresses that the source skips or that are too old; mark those on other hosts as refused."""
    now = dt.datetime.now(dt.UTC)
    age = dt.timedelta(days=source.max_age_days) if source.max_age_days else None
    wanted = (
        entry
        for entry in found
        if source.admits(entry.url) and not (age and entry.changed_at and now - entry.changed_at > age)
    )
    return [
        entry if host_of(entry.url) in source.hosts else replace(entry, refused="other-host", changed_at=None)
        for entry in wanted
    ]


def _read_links(body: bytes, url: str, max_items: int) -> list[ListedUrl]:
    try:
        page = html.document_fromstring(body)
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableListError(" ".join(str(error).split())[:200]) from error
    base = page.find(".//base")
    start = clean_url(base.get("href") or "", url) if base is not None else url
    links = (clean_url(anchor.get("href") or "", start or url) for anchor in page.iter("a"))
    return [ListedUrl(url=link, entry=FeedEntry()) for link in dict.fromkeys(links) if link][:max_items]
