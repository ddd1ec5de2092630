"""Search results: hits with highlights, facets, a timeline, and the cursor of the next page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

FacetName = Literal["outlet", "language", "country", "kind", "section", "date_trust"]


class Piece(NamedTuple):
    """A piece of text, and whether it matched."""

    text: str
    is_match: bool


Marked = tuple[Piece, ...]


class FoundArticle(Struct, frozen=True, kw_only=True):
    """The fields of an article that lists show, under their names in the index."""

    article_id: str
    url: str
    canonical_url: str
    source: str
    outlet: str
    host: str
    language: str
    title: str
    version: int
    story_id: str
    family_id: str
    is_copy: bool
    dated_at: datetime
    first_seen_at: datetime
    country: str | None = None
    is_agency: bool = False
    kind: str = "article"
    section: str | None = None
    summary: str | None = None
    published_at: datetime | None = None
    published_source: str | None = None
    copy_of: str | None = None
    copy_tier: str | None = None
    authors: tuple[str, ...] = ()
    word_count: int = 0


class Hit(Struct, frozen=True, kw_only=True):
    """One article that was found, the pieces that matched, and the other members of its group."""

    article: FoundArticle
    title: Marked
    snippets: tuple[Marked, ...]
    score: float | None
    folded_count: int
    folded: tuple[FoundArticle, ...]


class FacetValue(Struct, frozen=True):
    """A value of a facet, how many articles have it, and whether the request chooses it."""

    value: str
    count: int
    chosen: bool


class Facet(Struct, frozen=True):
    """The values of a field, most frequent first; the counts ignore what is chosen in this facet itself."""

    name: FacetName
    values: tuple[FacetValue, ...]


class TimelineBucket(Struct, frozen=True):
    """The number of articles between this start and the next."""

    start: datetime
    count: int


class SearchResults(Struct, frozen=True, kw_only=True):
    """The hits of a page; `total` counts articles, `groups` counts families or stories.

    `next` is the `after` of the next page, None on the last one. `suggestion` is another spelling that finds more,
    where this one found hardly anything. `is_loose` is true when no article has enough of the words; these articles
    have most of them. `understood` is how a Boolean search was read; None for plain words.
    """

    total: int
    groups: int
    hits: tuple[Hit, ...]
    took_ms: int
    next: str | None = None
    suggestion: str | None = None
    is_loose: bool = False
    understood: str | None = None
    facets: tuple[Facet, ...] = ()
    timeline: tuple[TimelineBucket, ...] = ()
