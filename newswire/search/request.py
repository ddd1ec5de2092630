"""Search requests, and the words in them; query.py builds the Elasticsearch query."""

from __future__ import annotations

import re
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
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_PART = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


# Of one search: each phrase costs every field and language a positional query; 240 of them once took 22 s.
MAX_PHRASES = 20
MAX_WORDS = 100


class SearchError(NewswireError):
    """The search is invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to find, what to leave out, and in which order.

    Attributes:
        words: plain words, "exact phrases" and -excluded words or -"phrases"; empty finds everything.
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


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The words of a request by their role."""

    terms: str
    phrases: tuple[str, ...]
    excluded: tuple[str, ...]


def parse_words(text: str) -> QueryWords:
    """Split a request's words by role; quotes of any style count, and an unclosed one ends with the text.

    Raises:
        SearchError: more words or phrases than a search may cost.
    """
    terms, phrases, excluded = [], [], []
    for part in _PART.finditer(text.translate(QUOTES)):
        found = (part["phrase"] if part["word"] is None else part["word"]).strip()
        if not found:
            continue
        if part["minus"]:
            excluded.append(found)
        elif part["word"] is None:
            phrases.append(found)
        else:
            terms.append(found)
    if len(phrases) > MAX_PHRASES or len(terms) + len(excluded) > MAX_WORDS:
        raise SearchError(
            f"the search has {len(phrases)} phrases and {len(terms) + len(excluded)} words; "
            f"at most {MAX_PHRASES} phrases and {MAX_WORDS} words are searched at once"
        )
    return QueryWords(" ".join(terms), tuple(phrases), tuple(excluded))
