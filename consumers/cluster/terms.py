"""The words of an article by where they stand: what cluster compares."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import xxhash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BODY_WORDS: Final = 500
LEAD_WORDS: Final = 60
PHRASE_WORDS: Final = 4
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
SENTENCE_ENDS = '.!?:\u201c"\u2022\n'

Counts = dict[int, int]


@dataclass(frozen=True, slots=True)
class Terms:
    """Counts of hashed words in four places, and the hashes of all sequences of four words."""

    title: Counts
    lead: Counts
    body: Counts
    names: Counts
    phrases: frozenset[int]


def read_terms(title: str, body: str) -> Terms:
    """Read an article's words; the lead is the title and the first words of the body."""
    title, body = (unicodedata.normalize("NFKC", text) for text in (title, body[:12_000]))
    title_words, body_words = _words(title), _words(body)[:BODY_WORDS]
    return Terms(
        title=_count(word for word, _ in title_words),
        lead=_count(word for word, _ in [*title_words, *body_words[:LEAD_WORDS]]),
        body=_count(word for word, _ in [*title_words, *body_words]),
        names=_count(_names(body_words)),
        phrases=frozenset(_phrases([word for word, _ in body_words])),
    )


def _words(text: str) -> list[tuple[str, bool]]:
    """Return the words in lower case, and whether each is written as a name: a capital inside a sentence."""
    found: list[tuple[str, bool]] = []
    for match in WORD.finditer(text):
        word, begin = match[0], match.start()
        if not word.isascii() and UNSPACED.search(word):
            found += [(word[place : place + 2], False) for place in range(max(1, len(word) - 1))]
            continue
        is_first = begin == 0 or text[max(0, begin - 2) : begin].strip(" \u2019')(")[-1:] in SENTENCE_ENDS
        base = word.replace("\u2019", "'").removesuffix("'s")
        found.append((base.lower(), word[0].isupper() and not is_first and len(word) > 1))
    return found


def _names(words: Sequence[tuple[str, bool]]) -> Iterable[str]:
    """Return the words that are written as names, wherever they stand in a sentence."""
    known = {word for word, is_name in words if is_name}
    return (word for word, _ in words if word in known)


def _phrases(words: Sequence[str]) -> Iterable[int]:
    for place in range(len(words) - PHRASE_WORDS + 1):
        yield xxhash.xxh32_intdigest(" ".join(words[place : place + PHRASE_WORDS]).encode())


def _count(words: Iterable[str]) -> Counts:
    return {xxhash.xxh32_intdigest(word.encode()): number for word, number in Counter(words).items()}
