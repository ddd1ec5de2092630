"""What a search answers with: hits in marked pieces, counts to narrow them down, and where the next page begins."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

FacetName = Literal["outlet", "language", "country", "kind", "section", "date_trust"]


class Piece(NamedTuple):
    """A stretch of text, and whether it matched."""

    text: str
    is_match: bool


Marked = tuple[Piece, ...]


class FoundArticle(Struct, frozen=True, kw_only=True):
    """What a list shows of an article; the fields are those of the index."""

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
    """One article that was found, the pieces that matched, and what is folded under it."""

    article: FoundArticle
    title: Marked
    snippets: tuple[Marked, ...]
    score: float | None
    folded_count: int
    folded: tuple[FoundArticle, ...]


class FacetValue(Struct, frozen=True):
    """One value to narrow a search down to, how many articles have it, and whether it is asked for already."""

    value: str
    count: int
    chosen: bool


class Facet(Struct, frozen=True):
    """The values of a field, most frequent first; counts leave out what was chosen in this facet itself."""

    name: FacetName
    values: tuple[FacetValue, ...]


class TimelineBucket(Struct, frozen=True):
    """How many articles stand between this start and the next."""

    start: datetime
    count: int


class SearchResults(Struct, frozen=True, kw_only=True):
    """The hits of a page; `total` counts articles, `groups` what they fold into.

    `next` is the request's `after` for the page that follows, None on the last one. `suggestion` are other words
    that find more, where these found hardly anything. `is_loose` says that no article has enough of the words, so that
    these are the ones that have most of them.
    """

    total: int
    groups: int
    hits: tuple[Hit, ...]
    took_ms: int
    next: str | None = None
    suggestion: str | None = None
    is_loose: bool = False
    facets: tuple[Facet, ...] = ()
    timeline: tuple[TimelineBucket, ...] = ()
