"""What a reader may ask for, read from plain words; query.py turns it into a query of Elasticsearch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from newswire.errors import NewswireError

DateTrust = Literal["told", "guessed", "none"]
# What an article's date of publication is worth: told by its page or feed, guessed from its text, or unknown.
DATE_SOURCES: Final[dict[DateTrust, tuple[str, ...]]] = {
    "told": ("jsonld", "meta", "time", "feed"),
    "guessed": ("text",),
    "none": (),
}
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_PART = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


class SearchError(NewswireError):
    """What was asked for makes no sense to the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to find, what to leave out, and in which order.

    `words` are plain words, "exact phrases" and -excluded words or -"phrases"; empty finds everything.
    `by` says which time `since` (inclusive) and `until` (exclusive) look at: `published` is the time of publication,
    or the first sight where none is known or the one told lies ahead. `as_of` asks what was to be found at a time:
    articles fetched by then, with the text that they had. `needs` says how many of the plain words an article must
    have: enough is all of three and three quarters of more, most is all but one of four and 60 % of more. `fold` shows
    copies under the telling that leads their family, or a story as one. `after` is the `next` of the page before;
    `facets` and `timeline` ask for counts.
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
    """The words of a request, taken apart."""

    terms: str
    phrases: tuple[str, ...]
    excluded: tuple[str, ...]


def parse_words(text: str) -> QueryWords:
    """Take a reader's words apart; quotes of any style count, and one that is left open ends with the text."""
    terms, phrases, excluded = [], [], []
    for part in _PART.finditer(text.translate(QUOTES)):
        said = (part["phrase"] if part["word"] is None else part["word"]).strip()
        if not said:
            continue
        if part["minus"]:
            excluded.append(said)
        elif part["word"] is None:
            phrases.append(said)
        else:
            terms.append(said)
    return QueryWords(" ".join(terms), tuple(phrases), tuple(excluded))
