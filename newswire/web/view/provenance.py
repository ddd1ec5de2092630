"""The facts shown about an article, each with its provenance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from newswire.search.articles import ArticleView
from newswire.web.view.rendering import country_name, language_name, moment, plural

# The first word of the parser's provenance, in words; what follows it names the element.
ORIGINS: Final = {
    "jsonld": "structured data of the page",
    "meta": "meta element",
    "h1": "h1 element",
    "title": "title element",
    "time": "time element",
    "byline": "byline of the page",
    "feed": "feed or sitemap that announced it",
    "text": "text of the page",
}
ANSWERS: Final = {True: "yes", False: "no"}


class Fact(Struct, frozen=True):
    """One fact about an article: its name, its value, and where it comes from."""

    name: str
    value: str
    origin: str


def facts_of(article: ArticleView) -> tuple[Fact, ...]:
    """Return the known facts about an article."""
    return tuple(
        Fact(name, value, _origin(article.provenance.get(field, default)))
        for field, name, value, default in _data(article)
        if value
    )


def _data(article: ArticleView) -> Iterator[tuple[str, str, str, str]]:
    """Yield field, name, value, and the origin if the parser recorded none."""
    yield "title", "Title", article.title, ""
    yield "heading", "Heading of the page", article.heading or "", ""
    yield "authors", "Authors", ", ".join(article.authors), ""
    yield "published_at", "Published", _time(article.published_at), article.published_source or ""
    yield "modified_at", "Changed", _time(article.modified_at), ""
    yield "language", "Language", language_name(article.language), "detected from the text"
    yield "country", "Country", country_name(article.country) if article.country else "", "the source's file"
    yield "section", "Section", article.section or "", ""
    yield "tags", "Tags", ", ".join(article.tags), ""
    yield "summary", "Summary", article.summary or "", ""
    yield "site_name", "Site", article.site_name or "", ""
    yield "kind", "Kind", article.kind, ""
    yield "body", "Length", plural(article.word_count, "word"), ""
    yield "is_paywalled", "Behind a paywall", _answer(article.is_paywalled), ""
    yield "allows_ai_use", "Allows use by AI", _answer(article.allows_ai_use), ""
    yield "canonical_url", "Canonical address", article.canonical_url, ""
    yield "outlet", "Outlet", f"{article.outlet} ({article.source})", "the source's file"
    yield "first_seen_at", "First seen", _time(article.first_seen_at), "the crawl"
    yield "fetched_at", "This version fetched", _time(article.fetched_at), "the crawl"
    yield "indexed_at", "Searchable since", _time(article.indexed_at), "the index"


def _time(time: datetime | None) -> str:
    return moment(time) if time else ""


def _answer(value: bool | None) -> str:  # noqa: FBT001 - a value, not a switch
    return "" if value is None else ANSWERS[value]


def _origin(provenance: str) -> str:
    kind, _, rest = provenance.partition(" ")
    words = ORIGINS.get(kind)
    return provenance if words is None else f"{words}: {rest}" if rest else words
