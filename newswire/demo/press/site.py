"""One outlet's site: the response at each path in each phase."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from html import escape
from http import HTTPStatus

from newswire.demo.press import feeds, odd_responses
from newswire.demo.press.content import Outlet, Press
from newswire.demo.press.desk import PressArticle, edit_press
from newswire.demo.press.pages import PageFrame, article_page
from newswire.demo.press.reply import HTML, XML, Reply

BUSY_SECONDS = 1
LYING_ETAG = '"always-fresh"'
PHOTO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><rect width="16" height="9" fill="#8aa"/></svg>'

Pages = dict[str, Callable[[], Reply]]


class OutletSite:
    """An outlet with everything it publishes."""

    def __init__(
        self, press: Press, outlet: Outlet, articles: tuple[PressArticle, ...], epoch: dt.datetime, port: int
    ) -> None:
        self.press = press
        self.outlet = outlet
        self.epoch = epoch
        self.base = f"http://{outlet.address}:{port}"
        self.articles = tuple(article for article in articles if article.outlet is outlet)
        self.odd_responses = tuple(odd for odd in press.odd_responses if odd.outlet == outlet.id)
        self._phases: dict[int, Pages] = {}

    def answer(self, path: str, phase: int) -> Reply:
        """Return the response at a path, which includes the query."""
        if phase not in self._phases:
            self._phases[phase] = self._pages(phase)
        pages = self._phases[phase]
        found = pages.get(feeds.untrack(path))
        if found is not None:
            return found()
        return odd_responses.not_found(self.outlet, self.frame)

    @cached_property
    def frame(self) -> PageFrame:
        """Return the frame of all pages; the articles it links to are those of the first phase."""
        out = [
            (article.path, edition.title) for article in self.articles if (edition := article.at(0)) and edition.title
        ]
        return PageFrame(self.base, self.press.boilerplate[self.outlet.language], tuple(out))

    def entries(self, phase: int) -> list[feeds.Entry]:
        """Return all entries that the outlet announces in a phase."""
        return feeds.entries(self.articles, self.odd_responses, self.epoch, phase)

    def _pages(self, phase: int) -> Pages:
        pages: Pages = {
            "/": lambda: self._front(phase),
            "/static/photo.jpg": lambda: Reply(PHOTO, content_type="image/svg+xml"),
        }
        pages |= self._announcements(phase)
        for odd in self.odd_responses:
            page = odd_responses.OddPage(self.outlet, self.frame, odd)
            pages[odd.path] = partial(odd_responses.RESPONSES_BY_KIND[odd.kind], page)
        for article in self.articles:
            pages |= self._article(article, phase)
        return pages

    def _announcements(self, phase: int) -> Pages:
        outlet, pages = self.outlet, Pages()
        if outlet.has_robots:
            pages["/robots.txt"] = lambda: Reply(
                feeds.robots(outlet, self.base).encode(), content_type="text/plain; charset=utf-8"
            )
        if outlet.has_sitemap:
            pages["/sitemap-news.xml"] = lambda: Reply(
                feeds.sitemap(outlet, self.base, self.entries(phase)).encode(), content_type=XML
            )
        if outlet.feed != "none":
            pages["/feed.xml"] = lambda: self._feed(phase)
        return pages

    def _feed(self, phase: int) -> Reply:
        write = feeds.rss if self.outlet.feed == "rss" else feeds.atom
        etag = LYING_ETAG if self.outlet.feed_fault == "lying etag" else ""
        kind = f"application/{self.outlet.feed}+xml; charset=utf-8"
        return Reply(write(self.outlet, self.base, self.entries(phase)).encode(), content_type=kind, declared_etag=etag)

    def _article(self, article: PressArticle, phase: int) -> Pages:
        edition, coverage = article.at(phase), article.coverage
        if edition is None:
            return {}
        elsewhere = tuple(link for link in self.frame.others if link[0] != article.path)
        body = article_page(article, edition, replace(self.frame, others=elsewhere)).encode(self.outlet.charset)
        declared = (
            f"text/html; charset={self.outlet.charset}" if self.outlet.declares in {"header", "both"} else "text/html"
        )
        wait = BUSY_SECONDS if coverage.is_busy else 0
        reply = Reply(body, content_type=declared, modified=edition.modified, retry_after_seconds=wait)
        pages: Pages = {article.path: lambda: reply}
        if coverage.moved_from:
            moved = Reply(b"", status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": self.base + article.path})
            pages[coverage.moved_from] = lambda: moved
        if coverage.print_path:
            pages[coverage.print_path] = lambda: reply
        return pages

    def _front(self, phase: int) -> Reply:
        cards = "".join(
            f'<li><a href="{escape(entry.path)}"><h2>{escape(entry.title)}</h2></a><p>{escape(entry.summary)}</p></li>'
            for entry in self.entries(phase)
        )
        return Reply(
            odd_responses.shell(self.outlet, self.frame, self.outlet.name, f"<ul>{cards}</ul>"), content_type=HTML
        )


def open_sites(press: Press, epoch: dt.datetime, port: int) -> dict[str, OutletSite]:
    """Return every outlet's site, by the outlet's address."""
    articles = edit_press(press, epoch)
    return {outlet.address: OutletSite(press, outlet, articles, epoch, port) for outlet in press.outlets.values()}
