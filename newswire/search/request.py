"""Search requests; query_syntax.py and query_grammar.py read their words, query.py builds the Elasticsearch query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from newswire.errors import NewswireError

DateTrust = Literal["told", "guessed", "none"]
# How far a publication date can be trusted: stated by the page or feed (`told`), guessed from the text, or unknown.
DATE_SOURCES: Final[dict[DateTrust, tuple[str, ...]]] = {
    "told": ("jsonld", "meta", "time", "feed"),
    "guessed": ("text",),
    "none": (),
}


class SearchError(NewswireError):
    """The search is invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to find, what to leave out, and in which order.

    Attributes:
        words: plain words, "exact phrases" and -excluded words or -"phrases"; empty finds everything. With operators it
            is a Boolean search (query_grammar.py).
        since: inclusive.
        until: exclusive.
        by: the time that `since` and `until` refer to: `published` is the time of publication, or when the article was
            first seen if that is unknown or in the future.
        as_of: find what could be found at this time: articles fetched by then, with their text of then.
        needs: how many of the plain words an article must have. `enough` is all of up to three and three quarters of
            more, `most` is all but one of up to four and 60 % of more.
        fold: what is shown as one hit: a family by its representative, a story, or nothing (every article).
        after: the `next` of the previous page.
        facets: whether to count the values of facets.
        timeline: whether to count articles over time.
    """

    words: str = ""
    since: datetime | None = None
    until: datetime | None = None
    by: Literal["published", "seen"] = "published"
    as_of: datetime | None = None
    outlets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    date_trust: tuple[DateTrust, ...] = ()
    hosts: tuple[str, ...] = ()
    story_id: str | None = None
    family_id: str | None = None
    which: Literal["all", "originals", "copies"] = "all"
    needs: Literal["enough", "most"] = "enough"
    fold: Literal["copies", "stories", "nothing"] = "copies"
    sort: Literal["relevance", "date"] = "relevance"
    limit: int = 10
    offset: int = 0
    after: str | None = None
    facets: bool = False
    timeline: bool = False
