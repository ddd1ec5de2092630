"""The data of a comparison: what a run over the demo press must end with, and what it has ended with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from newswire.text.ids import article_id, url_id


@dataclass(frozen=True, slots=True)
class ExpectedArticle:
    """An article as it must be read.

    `family` groups the copies of one agency text, all in one language; `story` groups all articles on one event in any
    language, including follow-ups.
    """

    key: str
    source: str
    url: str
    title: str
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...]
    day: dt.date | None
    language: str
    family: str
    relation: str
    story: str
    versions: int

    @property
    def article_id(self) -> str:
        """Return the id under which the article is indexed."""
        return article_id(self.url)

    @property
    def body(self) -> str:
        """Return the body as messages carry it."""
        return "\n\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class ExpectedUrl:
    """An announced address and its correct final states, such as `indexed` or `refused(robots)`."""

    url: str
    ends: tuple[str, ...]
    why: str

    @property
    def url_id(self) -> str:
        """Return its id in the crawl state."""
        return url_id(self.url)

    def allows(self, end: str) -> bool:
        """Return whether a final state is correct; an expected state without a reason allows any reason."""
        return end in self.ends or end.partition("(")[0] in self.ends


@dataclass(frozen=True, slots=True)
class ExpectedOutlet:
    """All addresses and articles of one outlet."""

    source: str
    name: str
    base: str
    urls: tuple[ExpectedUrl, ...]
    articles: tuple[ExpectedArticle, ...]


@dataclass(frozen=True, slots=True)
class ExpectedSearch:
    """A search and the URLs of the articles that must be among its hits."""

    query: str
    why: str
    language: str | None
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """The correct result of a phase; `boilerplate` are lines that must not be in any body."""

    epoch: dt.datetime
    phase: int
    outlets: dict[str, ExpectedOutlet]
    searches: tuple[ExpectedSearch, ...]
    boilerplate: tuple[str, ...]

    @property
    def articles(self) -> dict[str, ExpectedArticle]:
        """Return all articles, by URL."""
        return {article.url: article for outlet in self.outlets.values() for article in outlet.articles}

    @property
    def urls(self) -> dict[str, ExpectedUrl]:
        """Return all announced addresses, by URL."""
        return {url.url: url for outlet in self.outlets.values() for url in outlet.urls}


@dataclass(frozen=True, slots=True)
class ActualArticle:
    """An article as the index has it; `version` counts its texts, `family_id` is the original's article_id."""

    article_id: str
    family_id: str
    story_id: str
    title: str
    body: str
    language: str
    day: dt.date | None
    authors: tuple[str, ...] = ()
    version: int = 1
    derived_from: str | None = None


@dataclass(frozen=True, slots=True)
class ActualRun:
    """The result of a run: articles by canonical URL, final states such as `rejected(listing)` by announced URL."""

    articles: Mapping[str, ActualArticle]
    ends: Mapping[str, str] = field(default_factory=dict)
