"""The form of what a run over the demo press must end with, and of what it has ended with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from newswire.text.urls import article_id, url_id


@dataclass(frozen=True, slots=True)
class ExpectedArticle:
    """An article as a perfect reader has it.

    `family` joins the copies of one agency text, which are in one language; `story` joins all tellings of one event,
    follow-ups included and whatever their language.
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
        """Return the paragraphs as the messages carry them."""
        return "\n\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class ExpectedUrl:
    """An announced address and the ends that are right for it, such as `indexed` or `refused(robots)`."""

    url: str
    ends: tuple[str, ...]
    why: str

    @property
    def url_id(self) -> str:
        """Return the id under which the crawl state has it."""
        return url_id(self.url)

    def allows(self, end: str) -> bool:
        """Tell whether an end is right; one without a reason allows every reason."""
        return end in self.ends or end.partition("(")[0] in self.ends


@dataclass(frozen=True, slots=True)
class ExpectedOutlet:
    """All of one outlet."""

    source: str
    name: str
    base: str
    urls: tuple[ExpectedUrl, ...]
    articles: tuple[ExpectedArticle, ...]


@dataclass(frozen=True, slots=True)
class ExpectedSearch:
    """A search and the URLs of articles that must be among its hits."""

    query: str
    why: str
    language: str | None
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is right in a phase."""

    epoch: dt.datetime
    phase: int
    outlets: dict[str, ExpectedOutlet]
    searches: tuple[ExpectedSearch, ...]
    furniture: tuple[str, ...]

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
    """An article as a search returns it; `version` counts its contents, `family_id` is the original's article_id."""

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
    """What a run has ended with: articles by canonical URL, ends such as `rejected(listing)` by announced URL."""

    articles: Mapping[str, ActualArticle]
    ends: Mapping[str, str] = field(default_factory=dict)
