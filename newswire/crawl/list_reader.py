"""Reads what a source lists, whatever kind of list it is: a feed, a sitemap, an index of sitemaps, a front page."""

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

Kind = Literal["feed", "sitemap", "front page"]
MAX_CHILDREN: Final = 20  # sitemaps of an index, the newest


@dataclass(frozen=True, slots=True)
class Contents:
    """The addresses a list names, and the further lists with the time each changed."""

    found: tuple[ListedUrl, ...]
    children: tuple[tuple[str, dt.datetime | None], ...] = ()


def read_list(kind: Kind, answer: SiteResponse, settings: Settings) -> Contents:
    """Read a list's body; raises UnreadableListError."""
    if kind == "feed":
        content_type = answer.headers.get("Content-Type", "")
        return Contents(tuple(read_feed(answer.body, answer.url, content_type, settings.max_feed_items)))
    if kind == "front page":
        return Contents(tuple(_read_links(answer.body, answer.url, settings.max_feed_items)))
    sitemap = read_sitemap(answer.body, answer.url, settings.max_feed_items, settings.max_body_bytes)
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
    newest_first = sorted(sitemap.children, key=lambda child: child[1] or oldest, reverse=True)
    return Contents(sitemap.pages, tuple(newest_first[:MAX_CHILDREN]))


def select(source: Source, found: Iterable[ListedUrl]) -> list[ListedUrl]:
    """Leave out what the source does not want; mark what lies on a host that it does not name."""
    newest = dt.datetime.now(dt.UTC)
    age = dt.timedelta(days=source.max_age_days) if source.max_age_days else None
    wanted = (
        entry
        for entry in found
        if source.admits(entry.url) and not (age and entry.changed_at and newest - entry.changed_at > age)
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
