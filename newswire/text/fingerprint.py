"""Compute the fingerprint of a text, by which dedupe finds its near-duplicates: parse computes it once.

A word becomes a 32-bit hash of its letters, folded so that house styles agree: case, width, kinds of apostrophes,
"U.S." and "US", "1,000" and "1000". Scripts written without spaces give one word for each sign, hashed with the two
signs that follow, which carries about as much as a word elsewhere. All of it is work on arrays, with no Python code
per word: the hashes are polynomial rolling hashes (Karp and Rabin 1987) modulo 2^64.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from newswire.text.scripts import UNSPACED_BLOCKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    U8 = NDArray[np.uint8]
    U32 = NDArray[np.uint32]
    U64 = NDArray[np.uint64]
    Mask = NDArray[np.bool_]
    Places = NDArray[np.intp]

VERSION: Final = 2
MAX_CHARS: Final = 120_000  # about 20,000 words; what follows does not change what a text is a copy of
MIN_BODY_WORDS: Final = 8  # with fewer, only the title can be compared
MIN_SENTENCE_WORDS: Final = 4
HEADER = struct.Struct("<B3xIII")

WORD, DIGIT, UNSPACED, STOP, LINE = (1 << n for n in range(5))
LAST = 0x10000  # all signs beyond the basic plane share this class; nearly all of them are Han
MARKED = {"ar", "fa", "ur", "he"}  # whose vowel marks an outlet may or may not print
TATWEEL = "\u0640"
PLAIN_SIGNS = (
    ("\u2019", "'"),
    ("\u2018", "'"),
    ("\u201c", '"'),
    ("\u201d", '"'),
    ("\u2013", "-"),
    ("\u2014", "-"),
    ("\u00a0", " "),
    ("\u2026", "..."),
)
# Punctuation inside a word: the dots of "U.S", the comma of "1,000", an apostrophe.
# One pattern per sign, as each then runs at the speed of a memory search.
INNER_SIGNS = tuple(re.compile(rf"{sign}(?=[^\W_])(?<=[^\W_]{sign})") for sign in ("'", r"\.", "\u00b7"))
INNER_SIGNS += (re.compile(r",(?=\d)(?<=\d,)"),)
BASE = 0x9E3779B97F4A7C15
SPREAD = np.uint64(0xC2B2AE3D27D4EB4F)  # lets the first value of a run affect the high half
POWERS: Final[U64] = np.full(MAX_CHARS + 2, BASE, np.uint64).cumprod(dtype=np.uint64)
INVERSES: Final[U64] = np.full(MAX_CHARS + 2, pow(BASE, -1, 2**64), np.uint64).cumprod(dtype=np.uint64) * SPREAD


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The words of a text in order, where its sentences begin, and which words are numbers.

    Shapes: `words` (n,), `starts` and `sentences` (s,), `numbers` (k,).
    """

    words: U32
    starts: U32  # of sentences, as indexes of `words`
    sentences: U64  # their hashes; 0 where a sentence is too short to compare
    numbers: U32  # indexes of `words`

    def pack(self) -> bytes:
        """Return the bytes that travel in a message: a header, then the arrays, little-endian."""
        head = HEADER.pack(VERSION, len(self.words), len(self.starts), len(self.numbers))
        parts = (self.sentences, self.words, self.starts, self.numbers)
        return head + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, raw: bytes) -> Fingerprint:
        """Return the fingerprint that `pack` wrote; raises ValueError for anything else."""
        if len(raw) < HEADER.size:
            raise ValueError(f"{len(raw)} bytes are too few for a fingerprint")
        version, words, sentences, numbers = HEADER.unpack_from(raw)
        if version != VERSION or len(raw) != HEADER.size + 4 * (words + 3 * sentences + numbers):
            raise ValueError(f"not a fingerprint of version {VERSION}")
        rest = np.frombuffer(raw, "<u4", offset=HEADER.size)
        hashes, rest = rest[: 2 * sentences].view("<u8"), rest[2 * sentences :]
        return cls(rest[:words], rest[words : words + sentences], hashes, rest[words + sentences :])


def fingerprint(title: str, body: str, language: str) -> bytes:
    """Return the packed fingerprint of a body; of title and body if the body has fewer than MIN_BODY_WORDS words."""
    found = read_words(body, language)
    if len(found.words) < MIN_BODY_WORDS:
        found = read_words(f"{title}\n{body}", language)
    return found.pack()


def read_words(text: str, language: str = "und") -> Fingerprint:
    """Return the words and sentences of a text as a fingerprint."""
    points, classes = _read_signs(_fold(text, language))
    starts, ends, is_unspaced = _find_words(classes)
    if not len(starts):
        nothing = np.zeros(0, np.uint32)
        return Fingerprint(nothing, nothing, np.zeros(0, np.uint64), nothing)
    hashes = hash_runs(points, starts, ends)
    if is_unspaced is not None:
        hashes = _join_signs(hashes, is_unspaced)
    words = (hashes >> np.uint64(32)).astype(np.uint32)
    first, behind, is_whole = _find_sentences(classes, starts)
    sentences = hash_runs(words, first, behind) * is_whole
    numbers = (classes[starts] & DIGIT).nonzero()[0]
    return Fingerprint(words, first.astype(np.uint32), sentences, numbers.astype(np.uint32))


def hash_runs(values: U8 | U32, starts: Places, ends: Places) -> U64:
    """Return the 64-bit hash of each run `values[start:end]`; shape (len(starts),).

    A polynomial rolling hash (Karp and Rabin 1987) from prefix sums, independent of the position of the run. The high
    half is well mixed; the last bits of the low half are not.
    """
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * POWERS[: len(values)], out=sums[1:])
    hashes: U64 = (sums[ends] - sums[starts]) * INVERSES[starts]
    return hashes


def _fold(text: str, language: str) -> str:
    text = text[:MAX_CHARS]
    for (
        sign,
        plain,
    ) in PLAIN_SIGNS:  # most of what is not ASCII in English text; once replaced, the text needs no normalising
        text = text.replace(sign, plain)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if language in MARKED:
        kept = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
        text = "".join(kept).replace(TATWEEL, "")
    for pattern in INNER_SIGNS:
        text = pattern.sub("", text)
    return text.lower()[:MAX_CHARS]


def _read_signs(text: str) -> tuple[U8 | U32, U8]:
    """Return the code points of a text and their classes, with a space at either end; both of shape (chars + 2,)."""
    text = f" {text} "
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        points = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
        return points, _classes()[np.minimum(points, LAST)]
    return np.frombuffer(raw, np.uint8), np.frombuffer(raw.translate(_latin_classes()), np.uint8)


@cache
def _latin_classes() -> bytes:
    return _classes()[:256].tobytes()


@cache
def _classes() -> U8:
    """Return the class of each code point of the basic plane: a bit mask; shape (LAST + 1,)."""
    table = np.zeros(LAST + 1, np.uint8)
    for point in range(LAST):
        sign = chr(point)
        if sign.isalnum() or (point > 0x2FF and unicodedata.category(sign)[0] == "M"):
            table[point] = WORD | (DIGIT if sign.isdigit() else 0)
    for low, high in UNSPACED_BLOCKS:
        block = table[low : high + 1]
        block[(block & WORD) > 0] |= UNSPACED
    table[LAST] = WORD | UNSPACED
    table[[ord(sign) for sign in ".!?\u3002\u2026\u061f\u06d4\u0964"]] |= STOP
    table[[ord(sign) for sign in "\n\r\u2028\u2029"]] = LINE
    return table


def _find_words(classes: U8) -> tuple[Places, Places, Mask | None]:
    """Return where words begin and end, and which are single signs of an unspaced script; None if none are."""
    is_word = (classes & WORD) > 0
    is_cut = is_word[1:] != is_word[:-1]
    is_unspaced = (classes & UNSPACED) > 0
    if not is_unspaced.any():
        cuts = is_cut.nonzero()[0] + 1
        return cuts[::2], cuts[1::2], None
    is_cut |= is_word[1:] & (is_unspaced[1:] | is_unspaced[:-1])
    cuts = is_cut.nonzero()[0] + 1
    starts = cuts[is_word[cuts]]
    return starts, cuts[is_word[cuts - 1]], is_unspaced[starts]


def _join_signs(hashes: U64, is_unspaced: Mask) -> U64:
    """Return the hashes with each sign of an unspaced script hashed together with the two that follow it."""
    alone = np.where(is_unspaced, hashes, np.uint64(0))
    following = np.zeros((2, len(hashes)), np.uint64)
    following[0, :-1], following[1, :-2] = alone[1:], alone[2:]
    joined = hashes + following[0] * POWERS[1] + following[1] * POWERS[2]
    return np.where(is_unspaced, joined, hashes)


def _find_sentences(classes: U8, places: Places) -> tuple[Places, Places, Mask]:
    """Return where sentences begin and end, and whether each is long enough to compare, or a line of its own."""
    ends = (classes & (STOP | LINE)).nonzero()[0]
    behind = places.searchsorted(ends)
    is_bound, is_line = np.zeros((2, len(places) + 1), np.bool_)
    is_line[behind[(classes[ends] & LINE) > 0]] = is_line[0] = is_line[-1] = True
    is_bound[behind] = is_bound[0] = is_bound[-1] = True
    bounds = is_bound.nonzero()[0]
    starts, behind, is_line = bounds[:-1], bounds[1:], is_line[bounds]
    return starts, behind, (is_line[:-1] & is_line[1:]) | (behind - starts >= MIN_SENTENCE_WORDS)
