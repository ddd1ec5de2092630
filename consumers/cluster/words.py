"""The words of an article as hashes, counted by where they occur: what cluster compares."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

import numpy as np
import xxhash

from newswire.text.scripts import UNSPACED_SIGN

if TYPE_CHECKING:
    from numpy.typing import NDArray

BODY_WORDS: Final = 500
BODY_CHARS: Final = 6_000
LEAD_WORDS: Final = 60
PHRASE_WORDS: Final = 4
LONG_WORD: Final = 5
# "U.S." is one word; a possessive "'s" is not a word.
WORD = re.compile(r"[^\W_](?:\.[^\W_](?![^\W_]))+|[^\W_]+(?:['\u2019][^\W\d_]+)?")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
HIRAGANA = re.compile("[\u3041-\u309f]+")
SENTENCE_ENDS: Final = '.!?:\u201c"\u2022\n'
STEPS: Final = tuple(np.uint64(step) for step in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 1))


class ArticleWords(NamedTuple):
    """The n distinct words of an article, as sorted hashes, and how often each occurs in its parts, shape (n,) each.

    `lengths` are capped at LONG_WORD: without counts, the length shows how common a word may be.
    `phrases` and `numbers` are sorted sets of hashes.
    """

    ids: NDArray[np.uint32]
    lengths: NDArray[np.uint8]
    title: NDArray[np.uint16]
    lead: NDArray[np.uint16]
    body: NDArray[np.uint16]
    names: NDArray[np.uint16]
    phrases: NDArray[np.uint32]
    numbers: NDArray[np.uint32]


def read_article_words(title: str, body: str, language: str) -> ArticleWords:
    """Return an article's words. The lead is the title and the first words of the body; it replaces a missing title."""
    head, _ = split_words(title, LEAD_WORDS)
    texts, named = split_words(body[:BODY_CHARS], BODY_WORDS)
    has_case = any(map(str.isupper, body[:BODY_CHARS]))
    lead, everything = Counter([*head, *texts[:LEAD_WORDS]]), Counter([*head, *texts])
    # A script without capitals does not mark names: there, all words count as names.
    names = Counter([text for text in texts if text in named] if has_case else texts)
    seed = crc32(language.encode())
    number_of = {text: hash_word(text, seed) for text in everything}
    order = sorted(everything, key=number_of.__getitem__)
    figures = {hash_word(figure, seed) for figure in NUMBER.findall(f"{title}\n{body[:BODY_CHARS]}")}

    def count(part: Counter[str]) -> NDArray[np.uint16]:
        return np.array([part.get(text, 0) for text in order], np.uint16)

    return ArticleWords(
        ids=np.array([number_of[text] for text in order], np.uint32),
        lengths=np.array([_length(text) for text in order], np.uint8),
        title=count(Counter(head) or lead),
        lead=count(lead),
        body=count(everything),
        names=count(names),
        phrases=_find_phrases(np.array([number_of[text] for text in texts], np.uint64)),
        numbers=np.array(sorted(figures), np.uint32),
    )


def split_words(text: str, most: int) -> tuple[list[str], set[str]]:
    """Return up to `most` words, and those that are written as names: with a capital inside a sentence.

    Scripts written without spaces give overlapping pairs of characters.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    is_shouted = text.isupper()
    found: list[str] = []
    names: set[str] = set()
    for match in WORD.finditer(text):
        word = match[0]
        if word.islower() and word.isalpha() and word.isascii():  # most words need no folding
            found.append(word)
        elif not word.isascii() and UNSPACED_SIGN.search(word):
            found += [word[place : place + 2] for place in range(max(1, len(word) - 1))]
        else:
            word = _bare(word)
            # Two capitals are an abbreviation, and "US" is not "us".
            is_short_form = len(word) == 2 and word.isupper() and not is_shouted
            found.append(word if is_short_form else word.lower())
            if len(word) > 1 and word[0].isupper() and not _begins_sentence(text, match.start()):
                names.add(found[-1])
        if len(found) >= most:
            break
    return found[:most], names


def _bare(word: str) -> str:
    """Remove the dots of "U.S." and the ending of "Marenka's"."""
    if "." in word:
        return word.replace(".", "")
    stem, mark, end = word.replace("\u2019", "'").partition("'")
    return stem if mark and end in {"s", ""} else word


def _begins_sentence(text: str, place: int) -> bool:
    return place == 0 or text[max(0, place - 2) : place].strip(" \u2019')(")[-1:] in SENTENCE_ENDS


@lru_cache(maxsize=1 << 17)
def hash_word(text: str, seed: int) -> int:
    """Return the 32-bit hash of a word; each language has its own seed, so that no two share words."""
    return xxhash.xxh32_intdigest(text.encode(), seed)


def _length(text: str) -> int:
    if not text.isascii() and UNSPACED_SIGN.match(text):
        return 3 if HIRAGANA.fullmatch(text) else LONG_WORD
    return min(len(text), LONG_WORD)


def _find_phrases(words: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the sorted set of hashes of all sequences of four words."""
    count = len(words) - PHRASE_WORDS + 1
    if count <= 0:
        return np.zeros(0, np.uint32)
    mixed = np.zeros(count, np.uint64)
    for place, step in enumerate(STEPS):
        mixed += words[place : place + count] * step
    mixed ^= mixed >> np.uint64(31)
    phrases = np.sort((mixed >> np.uint64(16)).astype(np.uint32))
    distinct: NDArray[np.uint32] = phrases[np.append(np.diff(phrases) > 0, [True])]
    return distinct
