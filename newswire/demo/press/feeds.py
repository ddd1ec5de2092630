"""Write what an outlet announces: RSS, Atom, news sitemap and robots.txt, including deliberate faults."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import format_datetime
from html import escape

from newswire.demo.press.content import OddResponse, Outlet
from newswire.demo.press.desk import PressArticle

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
TRACKING = "utm_source=feed&utm_medium=rss&utm_campaign=latest"
ATOM, NEWS = "http://www.w3.org/2005/Atom", "http://www.google.com/schemas/sitemap-news/0.9"
SITEMAP, DC = "http://www.sitemaps.org/schemas/sitemap/0.9", "http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True, slots=True)
class Entry:
    """One announced address."""

    path: str
    title: str
    summary: str
    published: dt.datetime | None
    updated: dt.datetime | None
    authors: tuple[str, ...] = ()


def track(path: str) -> str:
    """Return a path with tracking parameters."""
    return f"{path}{'&' if '?' in path else '?'}{TRACKING}"


def untrack(path: str) -> str:
    """Return a path without tracking parameters."""
    return path.removesuffix(TRACKING).rstrip("?&")


def entries(
    articles: tuple[PressArticle, ...], odd_responses: tuple[OddResponse, ...], epoch: dt.datetime, phase: int
) -> list[Entry]:
    """Return the entries that an outlet announces in a phase, newest first."""
    made = [entry for article in articles for entry in _article_entries(article, phase)]
    for odd in odd_responses:
        when = epoch - dt.timedelta(hours=odd.hours)
        made.append(Entry(odd.path, odd.title, odd.title, when, when))
    return sorted(made, key=lambda e: (e.published or epoch - dt.timedelta(days=9), e.path), reverse=True)


def _article_entries(article: PressArticle, phase: int) -> list[Entry]:
    edition, coverage = article.at(phase), article.coverage
    if edition is None:
        return []
    is_dated = coverage.dated in {"page", "feed", "year 2093"}
    published, updated = (article.published, edition.modified) if is_dated else (None, None)
    summary = edition.paragraphs[0][:120].rsplit(" ", 1)[0]
    paths = [coverage.moved_from or article.path] + [coverage.print_path] * bool(coverage.print_path)
    return [Entry(path, edition.title, summary, published, updated, coverage.authors) for path in paths]


def rss(outlet: Outlet, base: str, items: list[Entry]) -> str:
    """Return the outlet's RSS feed."""
    name = escape(outlet.name)
    body = "\n".join(_rss_item(entry, base, is_tracked=outlet.tracks_links) for entry in items)
    feed = (
        f'{XML}<rss version="2.0" xmlns:dc="{DC}"><channel><title>{name}</title><link>{base}/</link>'
        f"<description>{name}</description><language>{outlet.language}</language>\n{body}\n</channel></rss>\n"
    )
    return break_xml(feed) if outlet.feed_fault == "broken xml" else feed


def break_xml(feed: str) -> str:
    """Break a feed as if written by hand: with a bare ampersand, an open tag and a missing end."""
    return feed.replace("<description>", "<description>News & views, day & night<br>", 1).removesuffix(
        "</channel></rss>\n"
    )


def _rss_item(entry: Entry, base: str, *, is_tracked: bool) -> str:
    link = track(entry.path) if is_tracked else entry.path
    date = f"<pubDate>{format_datetime(entry.published)}</pubDate>" if entry.published else ""
    creators = "".join(f"<dc:creator>{escape(name)}</dc:creator>" for name in entry.authors)
    return (
        f"<item><title>{escape(entry.title)}</title><link>{escape(base + link)}</link>"
        f'<guid isPermaLink="false">{escape(entry.path)}</guid>{date}{creators}'
        f"<description>{escape(entry.summary)}</description></item>"
    )


def atom(outlet: Outlet, base: str, items: list[Entry]) -> str:
    """Return the outlet's Atom feed."""
    newest = max((entry.updated for entry in items if entry.updated), default=None)
    updated = f"<updated>{newest.isoformat()}</updated>" if newest else ""
    body = "\n".join(_atom_entry(entry, base) for entry in items)
    return f'{XML}<feed xmlns="{ATOM}"><id>{base}/</id><title>{escape(outlet.name)}</title>{updated}\n{body}\n</feed>\n'


def _atom_entry(entry: Entry, base: str) -> str:
    times = "".join(
        f"<{name}>{when.isoformat()}</{name}>"
        for name, when in (("published", entry.published), ("updated", entry.updated))
        if when
    )
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in entry.authors)
    link = escape(base + entry.path)
    return (
        f'<entry><id>{link}</id><title>{escape(entry.title)}</title><link href="{link}"/>'
        f"{times}{authors}<summary>{escape(entry.summary)}</summary></entry>"
    )


def sitemap(outlet: Outlet, base: str, items: list[Entry]) -> str:
    """Return the outlet's news sitemap."""
    body = "\n".join(_sitemap_url(outlet, entry, base) for entry in items)
    return f'{XML}<urlset xmlns="{SITEMAP}" xmlns:news="{NEWS}">\n{body}\n</urlset>\n'


def _sitemap_url(outlet: Outlet, entry: Entry, base: str) -> str:
    lastmod = f"<lastmod>{entry.updated.isoformat()}</lastmod>" if entry.updated else ""
    published = entry.published and entry.published.isoformat()
    date = f"<news:publication_date>{published}</news:publication_date>" if published else ""
    name = f"<news:name>{escape(outlet.name)}</news:name><news:language>{outlet.language}</news:language>"
    return (
        f"<url><loc>{base}{escape(entry.path)}</loc>{lastmod}<news:news><news:publication>{name}</news:publication>"
        f"{date}<news:title>{escape(entry.title)}</news:title></news:news></url>"
    )


def robots(outlet: Outlet, base: str) -> str:
    """Return the outlet's robots.txt."""
    delay = "" if outlet.crawl_delay_seconds is None else f"Crawl-delay: {outlet.crawl_delay_seconds:g}\n"
    site = f"\nSitemap: {base}/sitemap-news.xml\n" if outlet.has_sitemap else ""
    return f"User-agent: *\nDisallow: /private/\nDisallow: /search\n{delay}{site}"
