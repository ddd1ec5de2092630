"""The syntax of search words: words, "exact phrases", -without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newswire.search.request import SearchError

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_PART = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


# Of one search: each phrase costs every field and language a positional query; 240 of them once took 22 s.
MAX_PHRASES = 20
MAX_WORDS = 100


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
    check_budget(phrases, [*terms, *excluded])
    return QueryWords(" ".join(terms), tuple(phrases), tuple(excluded))


def check_budget(phrases: Sequence[str], words: Sequence[str]) -> None:
    """Raise SearchError for more words or phrases than a search may cost."""
    if len(phrases) > MAX_PHRASES or len(words) > MAX_WORDS:
        raise SearchError(
            f"the search has {len(phrases)} phrases and {len(words)} words; "
            f"at most {MAX_PHRASES} phrases and {MAX_WORDS} words are searched at once"
        )
