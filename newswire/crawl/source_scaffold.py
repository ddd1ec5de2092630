"""Draft a source file from a site's address: find its feeds, news sitemaps, name and language."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import yaml
from lxml import etree, html

from newswire.crawl.feeds import UnreadableListError, language_of, plain_text
from newswire.crawl.http_client import ACCEPT_LIST, ACCEPT_PAGE, PoliteClient, RefusedError, UnreachableError
from newswire.crawl.list_reader import ListKind, read_list
from newswire.crawl.rate_limit import OutOfTimeError
from newswire.crawl.single_page import with_client
from newswire.errors import NewswireError
from newswire.settings import Settings
from newswire.text.urls import clean_url, host_of

_FEED_TYPES: Final = {"application/rss+xml", "application/atom+xml", "application/rdf+xml"}
_USUAL_PLACES: Final = ("/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/rss")
_MAX_LISTS: Final = 5
_DEADLINE_SECONDS: Final = 120.0
_HEADER: Final = """\
# yaml-language-server: $schema=source.schema.json
# Every field is explained in docs/adding-a-source.md. Check it with: newswire sources check {id} --online
"""


class NoSourceError(NewswireError):
    """No source can be drafted from an address."""


@dataclass(frozen=True, slots=True)
class ListReport:
    """The result of reading one list of a source: its number of entries, their hosts, or the problem."""

    url: str
    kind: ListKind
    entries: int = 0
    hosts: tuple[tuple[str, int], ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Front:
    title: str | None
    language: str | None
    feeds: tuple[str, ...]


def draft_source(url: str, settings: Settings, *, owner: str) -> tuple[str, str]:
    """Return id and YAML of a source for a site, or for the feed at the address itself; raises NoSourceError."""
    return asyncio.run(with_client(settings, lambda client: _draft(client, url, settings, owner)))


def try_lists(lists: list[tuple[str, ListKind]], settings: Settings) -> list[ListReport]:
    """Return a report on each list, read once; nothing is recorded."""
    return asyncio.run(with_client(settings, lambda client: _try_all(client, lists, settings)))


async def _try_all(client: PoliteClient, lists: list[tuple[str, ListKind]], settings: Settings) -> list[ListReport]:
    return [await _try(client, url, kind, settings) for url, kind in lists]


async def _try(client: PoliteClient, url: str, kind: ListKind, settings: Settings) -> ListReport:
    try:
        response = await client.get(url, deadline=time.monotonic() + _DEADLINE_SECONDS, accept=ACCEPT_LIST)
        if response.status != 200:
            return ListReport(url, kind, problem=f"http-{response.status}")
        contents = await asyncio.to_thread(read_list, kind, response, settings)
    except (UnreachableError, RefusedError, UnreadableListError, OutOfTimeError) as error:
        return ListReport(url, kind, problem=str(error))
    hosts = Counter(host_of(found.url) for found in contents.found)
    number = len(contents.found) + len(contents.children)
    return ListReport(url, kind, number, tuple(hosts.most_common(5)), None if number else "no entries")


async def _draft(client: PoliteClient, url: str, settings: Settings, owner: str) -> tuple[str, str]:
    start = clean_url(url if "://" in url else f"https://{url}")
    if start is None:
        raise NoSourceError(
            f"{url} is not a valid address; write for example: newswire sources add https://example.com"
        )
    front = await _read_front(client, start)
    host = host_of(start)
    announced = _of_kind("feed", front.feeds) | _of_kind("sitemap", await _sitemaps(client, start))
    usual = _of_kind("feed", (clean_url(place, start) or "" for place in _USUAL_PLACES))
    good = await _first_good(client, announced, settings) or await _first_good(client, usual, settings, enough=1)
    if not good:
        raise NoSourceError(f"no feed or news sitemap found on {host}; write sources/<id>.yml by hand")
    name = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.").rpartition(".")[0] or host).strip("-") or "source"
    hosts = Counter({host: 1}) + sum((Counter(dict(report.hosts)) for report in good), Counter())
    fields = {
        "title": front.title or host,
        "owner": owner,
        "tier": "hourly",
        "language": front.language,
        "hosts": [one for one, _ in hosts.most_common(3)],
        "feeds": [report.url for report in good if report.kind == "feed"],
        "sitemaps": [report.url for report in good if report.kind == "sitemap"],
    }
    kept = {field: value for field, value in fields.items() if value}
    return name, _HEADER.format(id=name) + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)


def _of_kind(kind: ListKind, urls: Iterable[str]) -> dict[str, ListKind]:
    return dict.fromkeys(urls, kind)


async def _first_good(
    client: PoliteClient, candidates: dict[str, ListKind], settings: Settings, enough: int = _MAX_LISTS
) -> list[ListReport]:
    good: list[ListReport] = []
    for url, kind in candidates.items():
        report = await _try(client, url, kind, settings)
        if report.problem is None:
            good.append(report)
        if len(good) >= enough:
            break
    return good


async def _read_front(client: PoliteClient, url: str) -> _Front:
    """Return the title, language and feeds of a front page; the address of a feed is its own only feed."""
    try:
        response = await client.get(url, deadline=time.monotonic() + _DEADLINE_SECONDS, accept=ACCEPT_PAGE)
    except (UnreachableError, RefusedError) as error:
        raise NoSourceError(f"{url} cannot be read: {error}") from error
    if response.status != 200:
        raise NoSourceError(f"{url} cannot be read: http-{response.status}")
    try:
        page = html.document_fromstring(response.body)
    except (etree.LxmlError, ValueError):
        return _Front(None, None, (url,))
    if page.tag != "html" or page.find(".//body") is None or b"<html" not in response.body[:5_000].lower():
        return _Front(None, None, (url,))
    site_name = page.xpath("string(//meta[@property='og:site_name']/@content)")
    return _Front(
        title=plain_text(str(site_name) or page.findtext(".//title")),
        language=language_of(page.get("lang")),
        feeds=tuple(
            link
            for tag in page.iter("link")
            if tag.get("type", "").lower() in _FEED_TYPES and (link := clean_url(tag.get("href") or "", response.url))
        )[:_MAX_LISTS],
    )


async def _sitemaps(client: PoliteClient, url: str) -> list[str]:
    """Return the news sitemaps in robots.txt; a sitemap of the whole archive is not useful as a list of news."""
    rules = await client.rules(url, time.monotonic() + _DEADLINE_SECONDS)
    named = (clean_url(link, url) for link in rules.sitemaps)
    return [link for link in named if link and "news" in link.lower()][:_MAX_LISTS]
