"""The words of an article by where they stand: what cluster compares."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import xxhash

from newswire.fingerprint import PLACES, mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    Counts = Mapping[int, int]

BODY_WORDS: Final = 500
LEAD_WORDS: Final = 60
PHRASE_WORDS: Final = 4
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
SENTENCE_ENDS = '.!?:\u201c"\u2022\n'


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
    title_words, (body_words, names) = _hash(title)[0], _hash(body)
    return Terms(
        title=Counter(title_words),
        lead=Counter(title_words + body_words[:LEAD_WORDS]),
        body=Counter(title_words + body_words),
        names=Counter(word for word in body_words if word in names),
        phrases=_phrases(body_words),
    )


def _hash(text: str) -> tuple[list[int], set[int]]:
    """Return the hashes of the first words, and of those that are written as names somewhere."""
    words = _words(text, BODY_WORDS)
    hashes = [xxhash.xxh32_intdigest(word.encode()) for word, _ in words]
    return hashes, {number for number, (_, is_name) in zip(hashes, words, strict=True) if is_name}


def _words(text: str, most: int) -> list[tuple[str, bool]]:
    """Return the first words in lower case, and whether each is written as a name: a capital inside a sentence."""
    found: list[tuple[str, bool]] = []
    for match in WORD.finditer(text):
        if len(found) >= most:
            break
        word = match[0]
        if not word.isascii() and UNSPACED.search(word):
            found += [(word[place : place + 2], False) for place in range(max(1, len(word) - 1))]
            continue
        is_name = word[0].isupper() and len(word) > 1 and not _begins_sentence(text, match.start())
        found.append((word.lower().replace("\u2019", "'").removesuffix("'s"), is_name))
    return found[:most]


def _begins_sentence(text: str, place: int) -> bool:
    before = text[max(0, place - 2) : place].strip(" \u2019')(")
    return place == 0 or before[-1:] in SENTENCE_ENDS


def _phrases(words: list[int]) -> frozenset[int]:
    """Return the hashes of all sequences of four words."""
    wide, count = np.array(words, np.uint64), max(0, len(words) - PHRASE_WORDS + 1)
    total = np.zeros(count, np.uint64)
    for place in range(PHRASE_WORDS):
        total += wide[place : place + count] * PLACES[place]
    return frozenset((mix(total) >> np.uint64(32)).tolist())
