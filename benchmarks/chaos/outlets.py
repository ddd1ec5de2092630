"""The generated outlets: real sites on loopback that publish the articles bit by bit while the run goes on."""

from __future__ import annotations

import base64
import datetime as dt
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from html import escape
from pathlib import Path
from typing import Final

import yaml

from benchmarks.chaos.articles import FUNCTION_WORDS, ChaosArticle, Text
from newswire.testing.site import FakeSite, SitePage, open_site

OUTLETS: Final = 20
_ADDRESS: Final = "127.0.7.{}"


class Outlets:
    """What all outlets show, by the time of the run; `url_of` gives the address of an article."""

    def __init__(self, articles: Sequence[ChaosArticle], sites: Sequence[FakeSite], seconds: float) -> None:
        self.articles, self.sites, self._seconds = articles, sites, seconds
        self.begin()
        for article in articles:
            sites[article.outlet].pages[article.path] = lambda _, article=article: self._page(article)
        for number, site in enumerate(sites):
            site.pages["/feed.xml"] = lambda _, number=number: self._feed(number)

    def begin(self) -> None:
        """Let the time of publishing begin now."""
        self.began, self._began = dt.datetime.now(dt.UTC), time.monotonic()

    def url_of(self, article: ChaosArticle) -> str:
        """Return where the article is."""
        return self.sites[article.outlet].url + article.path

    @property
    def share(self) -> float:
        """How much of the publishing is over; 1 and more: everything is out."""
        return (time.monotonic() - self._began) / self._seconds

    def published(self) -> list[ChaosArticle]:
        """Return the articles that have appeared."""
        share = self.share
        return [article for article in self.articles if article.appears_at <= share]

    def _page(self, article: ChaosArticle) -> SitePage:
        share = self.share
        if share < article.appears_at:
            return SitePage("not yet", 404)
        text = article.texts[article.version_at(share)]
        return SitePage(_html(article, text, self._at(article.appears_at)))

    def _feed(self, number: int) -> SitePage:
        share = self.share
        entries = "".join(
            f"<entry><title>{escape(article.texts[0][0])}</title><id>{self.url_of(article)}</id>"
            f'<link href="{self.url_of(article)}"/><published>{self._at(article.appears_at).isoformat()}</published>'
            f"<updated>{self._at(_changed(article, share)).isoformat()}</updated></entry>"
            for article in self.articles
            if article.outlet == number and article.appears_at <= share
        )
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Outlet {number}</title>{entries}</feed>'
        return SitePage(feed, content_type="application/atom+xml")

    def _at(self, share: float) -> dt.datetime:
        return (self.began + dt.timedelta(seconds=share * self._seconds)).replace(microsecond=0)


@contextmanager
def open_outlets(articles: Sequence[ChaosArticle], seconds: float, sources: Path) -> Iterator[Outlets]:
    """Serve the articles during the block, spread over `seconds`; write the outlets' source files first."""
    sources.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        sites = [stack.enter_context(open_site(_ADDRESS.format(number + 1))) for number in range(OUTLETS)]
        languages = list(FUNCTION_WORDS)
        for number, site in enumerate(sites):
            source = {
                "title": f"Outlet {number}",
                "owner": "chaos",
                "tier": "15m",
                "language": languages[number % len(languages)],
                "delay_seconds": 0.1,
                "feeds": [f"{site.url}/feed.xml"],
            }
            (sources / f"chaos-{number}.yml").write_text(yaml.safe_dump(source), "utf-8")
        yield Outlets(articles, sites, seconds)


def _changed(article: ChaosArticle, share: float) -> float:
    return article.revised_at if share >= article.revised_at else article.appears_at


def _html(article: ChaosArticle, text: Text, published: dt.datetime) -> str:
    title, *paragraphs = map(escape, text)
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!doctype html><html lang="{article.language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="article:published_time" content="{published.isoformat()}"></head>'
        f"<body><article><h1>{title}</h1>{body}</article><!--{_pad(article)}--></body></html>"
    )


def _pad(article: ChaosArticle) -> str:
    """Return bytes that do not compress, the same at each call."""
    return base64.b64encode(random.Random(article.path).randbytes(article.padding)).decode()  # noqa: S311
