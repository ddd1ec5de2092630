"""Drafts a source file from an address: looks where a site says that its feeds and news sitemaps are."""

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
from newswire.crawl.list_reader import Kind, read_list
from newswire.crawl.rate_limit import OutOfTimeError
from newswire.crawl.single_page import with_web
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
    """An address from which no source can be drafted."""


@dataclass(frozen=True, slots=True)
class ListReport:
    """What one list of a source had to say."""

    url: str
    kind: Kind
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
    return asyncio.run(with_web(settings, lambda web: _draft(web, url, settings, owner)))


def try_lists(lists: list[tuple[str, Kind]], settings: Settings) -> list[ListReport]:
    """Read lists once, without noting anything of it."""
    return asyncio.run(with_web(settings, lambda web: _try_all(web, lists, settings)))


async def _try_all(web: PoliteClient, lists: list[tuple[str, Kind]], settings: Settings) -> list[ListReport]:
    return [await _try(web, url, kind, settings) for url, kind in lists]


async def _try(web: PoliteClient, url: str, kind: Kind, settings: Settings) -> ListReport:
    try:
        answer = await web.get(url, deadline=time.monotonic() + _DEADLINE_SECONDS, accept=ACCEPT_LIST)
        if answer.status != 200:
            return ListReport(url, kind, problem=f"http-{answer.status}")
        contents = await asyncio.to_thread(read_list, kind, answer, settings)
    except (UnreachableError, RefusedError, UnreadableListError, OutOfTimeError) as error:
        return ListReport(url, kind, problem=str(error))
    hosts = Counter(host_of(found.url) for found in contents.found)
    number = len(contents.found) + len(contents.children)
    return ListReport(url, kind, number, tuple(hosts.most_common(5)), None if number else "is empty")


async def _draft(web: PoliteClient, url: str, settings: Settings, owner: str) -> tuple[str, str]:
    start = clean_url(url if "://" in url else f"https://{url}")
    if start is None:
        raise NoSourceError(f"{url} is no address; say newswire sources add https://example.com")
    front = await _read_front(web, start)
    host = host_of(start)
    named = _of_kind("feed", front.feeds) | _of_kind("sitemap", await _sitemaps(web, start))
    usual = _of_kind("feed", (clean_url(place, start) or "" for place in _USUAL_PLACES))
    good = await _first_good(web, named, settings) or await _first_good(web, usual, settings, enough=1)
    if not good:
        raise NoSourceError(f"{host} names no feed and no sitemap that can be read; write sources/<id>.yml by hand")
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


def _of_kind(kind: Kind, urls: Iterable[str]) -> dict[str, Kind]:
    return dict.fromkeys(urls, kind)


async def _first_good(
    web: PoliteClient, candidates: dict[str, Kind], settings: Settings, enough: int = _MAX_LISTS
) -> list[ListReport]:
    good: list[ListReport] = []
    for url, kind in candidates.items():
        report = await _try(web, url, kind, settings)
        if report.problem is None:
            good.append(report)
        if len(good) >= enough:
            break
    return good


async def _read_front(web: PoliteClient, url: str) -> _Front:
    """Read a front page; an address that is a feed itself is its own only feed."""
    try:
        answer = await web.get(url, deadline=time.monotonic() + _DEADLINE_SECONDS, accept=ACCEPT_PAGE)
    except (UnreachableError, RefusedError) as error:
        raise NoSourceError(f"{url} cannot be read: {error}") from error
    if answer.status != 200:
        raise NoSourceError(f"{url} cannot be read: http-{answer.status}")
    try:
        page = html.document_fromstring(answer.body)
    except (etree.LxmlError, ValueError):
        return _Front(None, None, (url,))
    if page.tag != "html" or page.find(".//body") is None or b"<html" not in answer.body[:5_000].lower():
        return _Front(None, None, (url,))
    site_name = page.xpath("string(//meta[@property='og:site_name']/@content)")
    return _Front(
        title=plain_text(str(site_name) or page.findtext(".//title")),
        language=language_of(page.get("lang")),
        feeds=tuple(
            link
            for tag in page.iter("link")
            if tag.get("type", "").lower() in _FEED_TYPES and (link := clean_url(tag.get("href") or "", answer.url))
        )[:_MAX_LISTS],
    )


async def _sitemaps(web: PoliteClient, url: str) -> list[str]:
    """Return the news sitemaps that robots.txt names; a sitemap of everything since 1998 is no list of news."""
    rules = await web.rules(url, time.monotonic() + _DEADLINE_SECONDS)
    named = (clean_url(link, url) for link in rules.sitemaps)
    return [link for link in named if link and "news" in link.lower()][:_MAX_LISTS]
