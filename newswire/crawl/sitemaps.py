"""Read sitemaps and news sitemaps (sitemaps.org, Google News) without entities, network access or unbounded memory."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from newswire.crawl.bounded_body import BadEncodingError, TooLargeError, gunzip_bounded
from newswire.crawl.feeds import UnreadableListError, language_of, plain_text
from newswire.crawl.frontier import ListedUrl
from newswire.text.urls import clean_url
from schemas.messages import FeedEntry

_ITEMS: Final = ("{*}url", "{*}sitemap")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages of a sitemap, or the sitemaps of an index with the time each last changed."""

    pages: tuple[ListedUrl, ...]
    children: tuple[tuple[str, dt.datetime | None], ...]


def read_sitemap(body: bytes, url: str, max_items: int, max_bytes: int) -> Sitemap:
    """Return at most `max_items` entries of one file, gzipped or not; of a truncated one, those before the break.

    Raises:
        UnreadableListError: the body is not a sitemap, or is longer than `max_bytes` once unpacked.
    """
    try:
        xml = gunzip_bounded(body, max_bytes)
    except (TooLargeError, BadEncodingError) as error:
        raise UnreadableListError(f"gzip: {error}") from error
    pages: list[ListedUrl] = []
    children: list[tuple[str, dt.datetime | None]] = []
    try:
        for item in _items(xml):
            if (link := clean_url(_text(item, "loc") or "", url)) is None:
                continue
            changed_at = read_time(_text(item, "lastmod"))
            if etree.QName(item).localname == "sitemap":
                children.append((link, changed_at))
            else:
                pages.append(_page(item, link, changed_at))
            if len(pages) + len(children) >= max_items:
                break
    except etree.LxmlError as error:
        if not pages and not children:
            raise UnreadableListError(" ".join(str(error).split())[:200]) from error
    return Sitemap(tuple(pages), tuple(children))


def _items(xml: bytes) -> Iterator[etree._Element]:
    events = etree.iterparse(
        io.BytesIO(xml), tag=_ITEMS, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    is_empty = True
    for _, item in events:
        is_empty = False
        yield item
        item.clear()
        while item.getprevious() is not None:  # keep memory bounded for a million items
            del item.getparent()[0]
    if is_empty and events.root is not None and etree.QName(events.root).localname not in {"urlset", "sitemapindex"}:
        raise UnreadableListError(f"the root element is <{etree.QName(events.root).localname}>")


def _page(item: etree._Element, link: str, changed_at: dt.datetime | None) -> ListedUrl:
    published_at = read_time(_text(item, "publication_date"))
    return ListedUrl(
        url=link,
        changed_at=changed_at or published_at,
        entry=FeedEntry(
            title=plain_text(_text(item, "title")),
            published_at=published_at,
            language=language_of(_text(item, "language")),
        ),
    )


def _text(item: etree._Element, name: str) -> str | None:
    # News fields are nested: url/news:news/news:title. The image extension's image:title is not the article's title.
    for path in (f"{{*}}{name}", f"{{*}}news/{{*}}{name}", f"{{*}}news/{{*}}publication/{{*}}{name}"):
        found = item.find(path)
        if found is not None and found.text:
            return found.text.strip()
    return None


def read_time(text: str | None) -> dt.datetime | None:
    """Return a W3C date and time in UTC; one without a zone is taken as UTC, None if it is not valid."""
    if not text:
        return None
    padded = text + "-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text
    try:
        when = dt.datetime.fromisoformat(padded)
    except ValueError:
        return None
    try:
        return when.astimezone(dt.UTC) if when.tzinfo else when.replace(tzinfo=dt.UTC)
    except OverflowError:
        return None
