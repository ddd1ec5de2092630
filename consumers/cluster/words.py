"""The words of an article by where they stand, as numbers: what cluster compares."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BODY_WORDS: Final = 500
BODY_CHARS: Final = 6_000
LEAD_WORDS: Final = 60
PHRASE_WORDS: Final = 4
LONG_WORD: Final = 5
# "U.S." is one word; a possessive's "'s" is none.
WORD = re.compile(r"[^\W_](?:\.[^\W_](?![^\W_]))+|[^\W_]+(?:['\u2019][^\W\d_]+)?")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
HIRAGANA = re.compile("[\u3041-\u309f]+")
SENTENCE_ENDS: Final = '.!?:\u201c"\u2022\n'
STEPS: Final = tuple(np.uint64(step) for step in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 1))


class Word(NamedTuple):
    """A word as it is compared, and whether it is written as a name: with a capital inside a sentence."""

    text: str
    is_name: bool


class Words(NamedTuple):
    """The different words of an article, by hash, and how often each stands in its four parts.

    `lengths` are capped at LONG_WORD: how short a word is tells how common it may be where nobody has counted.
    """

    ids: NDArray[np.uint32]
    lengths: NDArray[np.uint8]
    title: NDArray[np.uint16]
    lead: NDArray[np.uint16]
    body: NDArray[np.uint16]
    names: NDArray[np.uint16]
    phrases: NDArray[np.uint32]
    numbers: NDArray[np.uint32]


def read_words(title: str, body: str, language: str) -> Words:
    """Read an article's words. The lead is the title and the first words; it stands in for a title that is missing."""
    title_words = split_words(title, LEAD_WORDS)
    body_words = split_words(body[:BODY_CHARS], BODY_WORDS)
    texts = [word.text for word in body_words]
    head = [word.text for word in title_words]
    named = {word.text for word in body_words if word.is_name}
    has_case = any(map(str.isupper, body[:BODY_CHARS]))
    lead = Counter([*head, *texts[:LEAD_WORDS]])
    parts = (
        Counter(head) or lead,
        lead,
        Counter([*head, *texts]),
        # A script without capitals shows no names: there, all words count for them.
        Counter(text for text in texts if text in named) if has_case else Counter(texts),
    )
    seed = crc32(language.encode())
    numbers = {hash_word(number, seed) for number in NUMBER.findall(f"{title}\n{body[:BODY_CHARS]}")}
    every = sorted({hash_word(text, seed): text for part in parts for text in part}.items())
    title_counts, lead_counts, body_counts, name_counts = (
        np.array([part[text] for _, text in every], np.uint16) for part in parts
    )
    return Words(
        ids=np.array([number for number, _ in every], np.uint32),
        lengths=np.array([_length(text) for _, text in every], np.uint8),
        title=title_counts,
        lead=lead_counts,
        body=body_counts,
        names=name_counts,
        phrases=_find_phrases(texts, seed),
        numbers=np.array(sorted(numbers), np.uint32),
    )


def split_words(text: str, most: int) -> list[Word]:
    """Return the first words; scripts written without blanks give overlapping pairs of signs."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    is_shouted = text.isupper()
    found: list[Word] = []
    for match in WORD.finditer(text):
        if len(found) >= most:
            break
        word = match[0]
        if not word.isascii() and UNSPACED.search(word):
            found += [Word(word[place : place + 2], is_name=False) for place in range(max(1, len(word) - 1))]
            continue
        word = _bare(word)
        is_name = len(word) > 1 and word[0].isupper() and not _begins_sentence(text, match.start())
        # Two capitals are an abbreviation, and "US" is not "us".
        is_short_form = len(word) == 2 and word.isupper() and not is_shouted
        found.append(Word(word if is_short_form else word.lower(), is_name))
    return found[:most]


def _bare(word: str) -> str:
    if "." in word:
        return word.replace(".", "")
    stem, mark, end = word.replace("\u2019", "'").partition("'")
    return stem if mark and end in {"s", ""} else word


def _begins_sentence(text: str, place: int) -> bool:
    return place == 0 or text[max(0, place - 2) : place].strip(" \u2019')(")[-1:] in SENTENCE_ENDS


@lru_cache(maxsize=1 << 17)
def hash_word(text: str, seed: int) -> int:
    """Return the number of a word; languages differ in their seeds, so that their words never meet."""
    return xxhash.xxh32_intdigest(text.encode(), seed)


def _length(text: str) -> int:
    if not text.isascii() and UNSPACED.match(text):
        return 3 if HIRAGANA.fullmatch(text) else LONG_WORD
    return min(len(text), LONG_WORD)


def _find_phrases(texts: Sequence[str], seed: int) -> NDArray[np.uint32]:
    """Return the hashes of all sequences of four words."""
    words = np.array([hash_word(text, seed) for text in texts], np.uint64)
    count = len(words) - PHRASE_WORDS + 1
    if count <= 0:
        return np.zeros(0, np.uint32)
    mixed = np.zeros(count, np.uint64)
    for place, step in enumerate(STEPS):
        mixed += words[place : place + count] * step
    mixed ^= mixed >> np.uint64(31)
    return np.unique((mixed >> np.uint64(16)).astype(np.uint32))
