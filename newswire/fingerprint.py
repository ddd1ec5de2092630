"""A text as numbers, for finding its copies: parse computes it once, dedupe decides with it.

A word becomes a 32-bit hash of its letters, folded so that house styles agree: case, width, kinds of apostrophes,
"U.S." and "US", "1,000" and "1000". Scripts written without blanks give one word for each sign, hashed with the two
signs that follow, which carries about as much as a word elsewhere. All of it is array work: no Python code per word.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    U8 = NDArray[np.uint8]
    U32 = NDArray[np.uint32]
    U64 = NDArray[np.uint64]
    Mask = NDArray[np.bool_]
    Places = NDArray[np.intp]

VERSION: Final = 1
MAX_CHARS: Final = 120_000  # about 20,000 words; what stands behind does not change what a text is a copy of
MIN_BODY_WORDS: Final = 8  # below, the title is all there is to compare
MIN_SENTENCE_WORDS: Final = 4
HEADER = struct.Struct("<B3xIII")

WORD, DIGIT, UNSPACED, JOINER, COMMA, STOP, BLANK, LINE = (1 << n for n in range(8))
UNSPACED_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3041, 0x30FF),  # Kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)
LAST = 0x10000  # all signs beyond the basic plane share this class: nearly all of them are Han
MARKED = {"ar", "fa", "ur", "he"}  # whose vowel marks an outlet may or may not print
TATWEEL = "\u0640"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The words of a text in order, where its sentences begin, and which words are numbers."""

    words: U32
    starts: U32  # of sentences, as places in `words`
    sentences: U64  # their hashes; 0 where a sentence is too short to mean anything
    numbers: U32  # places in `words`

    def pack(self) -> bytes:
        """Return the bytes that travel."""
        head = HEADER.pack(VERSION, len(self.words), len(self.starts), len(self.numbers))
        parts = (self.sentences, self.words, self.starts, self.numbers)
        return head + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, raw: bytes) -> Fingerprint:
        """Read what `pack` wrote; raises ValueError on anything else."""
        if len(raw) < HEADER.size:
            raise ValueError("a fingerprint is longer than this")
        version, words, sentences, numbers = HEADER.unpack_from(raw)
        if version != VERSION or len(raw) != HEADER.size + 4 * (words + 3 * sentences + numbers):
            raise ValueError(f"not a fingerprint of version {VERSION}")
        rest = np.frombuffer(raw, "<u4", offset=HEADER.size)
        hashes, rest = rest[: 2 * sentences].view("<u8"), rest[2 * sentences :]
        return cls(rest[:words], rest[words : words + sentences], hashes, rest[words + sentences :])


def fingerprint(title: str, body: str, language: str) -> bytes:
    """Return the packed fingerprint of a text; that of its title where there is hardly a body."""
    found = read_words(body, language)
    if len(found.words) < MIN_BODY_WORDS:
        found = read_words(f"{title}\n{body}", language)
    return found.pack()


def read_words(text: str, language: str = "und") -> Fingerprint:
    """Cut a text into words and sentences."""
    points, classes = _read_signs(_fold(text, language))
    is_word = (classes & WORD) > 0
    is_inside = _find_inner(classes, is_word)
    begins = is_word & ~_shift(is_word | is_inside)
    is_unspaced = (classes & UNSPACED) > 0
    has_unspaced = bool(is_unspaced.any())
    if has_unspaced:
        begins |= is_word & (is_unspaced | _shift(is_unspaced))
    letters = np.flatnonzero(is_word)
    first = np.flatnonzero(begins[letters])
    if not len(first):
        nothing = np.zeros(0, np.uint32)
        return Fingerprint(nothing, nothing, np.zeros(0, np.uint64), nothing)
    places = letters[first]
    hashes = hash_runs(points[letters], first)
    if has_unspaced:
        hashes = _join_signs(hashes, is_unspaced[places])
    words = (hashes >> np.uint64(32)).astype(np.uint32)
    starts, is_whole = _find_sentences(classes, is_inside, places)
    sentences = hash_runs(words, starts)
    sentences[~is_whole] = 0
    numbers = np.flatnonzero(classes[places] & DIGIT)
    return Fingerprint(words, starts.astype(np.uint32), sentences, numbers.astype(np.uint32))


def mix(values: U64) -> U64:
    """Spread every bit over all 64 (the finaliser of splitmix64, published in the public domain)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


PLACES: Final[U64] = mix(np.arange(1, 257, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)


def hash_runs(values: U32, starts: Places) -> U64:
    """Return the hash of each run of values; a value counts with its place in the run."""
    lengths = np.diff(starts, append=len(values))
    inside = np.arange(len(values)) - np.repeat(starts, lengths)
    weighted = (values + np.uint64(1)) * PLACES[inside & 255]
    return mix(np.add.reduceat(weighted, starts))


def _fold(text: str, language: str) -> str:
    text = text[:MAX_CHARS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if language in MARKED:
        kept = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
        text = "".join(kept).replace(TATWEEL, "")
    return text.lower()


def _read_signs(text: str) -> tuple[U32, U8]:
    points = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    return points, _classes()[np.minimum(points, LAST)]


@cache
def _classes() -> U8:
    """Return what each sign of the basic plane is to a text."""
    table = np.zeros(LAST + 1, np.uint8)
    for point in range(LAST):
        sign = chr(point)
        if sign.isalnum() or (point > 0x2FF and unicodedata.category(sign)[0] == "M"):
            table[point] = WORD | (DIGIT if sign.isdigit() else 0)
        elif sign.isspace():
            table[point] = BLANK
    for low, high in UNSPACED_BLOCKS:
        block = table[low : high + 1]
        block[(block & WORD) > 0] |= UNSPACED
    table[LAST] = WORD | UNSPACED
    for signs, kind in (("'\u2019\u2018.\u00b7", JOINER), (",", COMMA), (".!?\u3002\u2026\u061f\u06d4\u0964", STOP)):
        table[[ord(sign) for sign in signs]] |= kind
    table[[ord(sign) for sign in "\n\r\u2028\u2029"]] = BLANK | LINE
    return table


def _shift(mask: Mask) -> Mask:
    """Return what holds of the sign before."""
    moved = np.empty_like(mask)
    moved[:1] = False
    moved[1:] = mask[:-1]
    return moved


def _find_inner(classes: U8, is_word: Mask) -> Mask:
    """Find signs that stand inside a word: the dots of "U.S", the comma of "1,000", an apostrophe."""
    inner = np.zeros(len(classes), np.bool_)
    marks = np.flatnonzero(classes & (JOINER | COMMA))
    marks = marks[(marks > 0) & (marks < len(classes) - 1)]
    before, after = classes[marks - 1], classes[marks + 1]
    wanted = np.where(classes[marks] & COMMA, DIGIT, WORD)
    inner[marks] = ((before & wanted) > 0) & ((after & wanted) > 0)
    return inner & ~is_word


def _join_signs(hashes: U64, is_unspaced: Mask) -> U64:
    """Hash each sign of an unspaced script with the two that follow it."""
    alone = np.where(is_unspaced, hashes, np.uint64(0))
    following = np.zeros((2, len(hashes)), np.uint64)
    following[0, :-1], following[1, :-2] = alone[1:], alone[2:]
    joined = mix(hashes + following[0] * PLACES[1] + following[1] * PLACES[2])
    return np.where(is_unspaced, joined, hashes)


def _find_sentences(classes: U8, is_inside: Mask, places: Places) -> tuple[Places, Mask]:
    """Return the first word of each sentence, and whether it says enough: some words, or a line of its own."""
    ends = np.flatnonzero(classes & (STOP | LINE))
    ends = ends[~is_inside[ends]]
    behind = np.searchsorted(places, ends)
    is_start, is_line = np.zeros((2, len(places) + 1), np.bool_)
    is_start[behind] = is_start[0] = True
    is_line[behind[(classes[ends] & LINE) > 0]] = is_line[0] = is_line[-1] = True
    starts = np.flatnonzero(is_start[:-1])
    lengths = np.diff(starts, append=len(places))
    return starts, (is_line[starts] & is_line[starts + lengths]) | (lengths >= MIN_SENTENCE_WORDS)
