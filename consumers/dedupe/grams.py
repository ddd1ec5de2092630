"""The sequences of words of a text: what dedupe looks up and compares."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from newswire.fingerprint import PLACES, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from newswire.fingerprint import Fingerprint

    U32 = NDArray[np.uint32]
    U64 = NDArray[np.uint64]

MIN_KEYS: Final = 32
KEY_SHARE: Final = 32  # long texts give every key below 2^64 / 32
MIN_WORDS: Final = 60  # with fewer left, standing text is not taken out
HEADER = struct.Struct("<IIII")


@dataclass(frozen=True, slots=True)
class Grams:
    """Sorted sets of 32-bit hashes, and the hashes of the sentences as they stood."""

    threes: U32
    fives: U32
    numbers: U32  # each number with the word before and the word after
    sentences: U64

    def pack(self) -> bytes:
        """Return the bytes that are kept on disk."""
        parts = (self.sentences, self.threes, self.fives, self.numbers)
        return HEADER.pack(*(len(part) for part in parts)) + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, raw: bytes) -> Grams:
        """Read what `pack` wrote."""
        sentences, threes, fives, numbers = HEADER.unpack_from(raw)
        rest = np.frombuffer(raw, np.uint32, offset=HEADER.size)
        hashes, rest = rest[: 2 * sentences].view(np.uint64), rest[2 * sentences :]
        return cls(rest[:threes], rest[threes : threes + fives], rest[threes + fives :][:numbers], hashes)


def read_grams(text: Fingerprint, standing: NDArray[np.bool_]) -> tuple[Grams, U32]:
    """Return the sets of a text without its standing sentences, and its keys for the index."""
    words, numbers = text.words, text.numbers.astype(np.intp)
    if standing.any():
        lengths = np.diff(text.starts, append=np.uint32(len(words)))
        kept = np.repeat(~standing, lengths)
        if int(kept.sum()) >= MIN_WORDS:
            is_number = np.zeros(len(words), np.bool_)
            is_number[numbers] = True
            words, numbers = words[kept], np.flatnonzero(is_number[kept])
    wide = words.astype(np.uint64)
    fives = _unique(_hash_sequences(wide, 5))
    below = int(np.searchsorted(fives, np.uint64(2**64 // KEY_SHARE)))
    keys = (fives[: max(MIN_KEYS, below)] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    threes = _unique((_hash_sequences(wide, 3) >> np.uint64(32)).astype(np.uint32))
    sets = Grams(threes, (fives >> np.uint64(32)).astype(np.uint32), _read_contexts(wide, numbers), text.sentences)
    return sets, keys


def _hash_sequences(words: U64, length: int) -> U64:
    count = max(0, len(words) - length + 1)
    total = words[:count] * PLACES[0]
    for place in range(1, length):
        total += words[place : place + count] * PLACES[place]
    return mix(total)


def _read_contexts(words: U64, numbers: NDArray[np.intp]) -> U32:
    begins = np.concatenate((numbers[numbers > 0] - 1, numbers[numbers < len(words) - 1]))
    pairs = mix(words[begins] * PLACES[5] + words[begins + 1] * PLACES[6])
    contexts: U32 = _unique((pairs >> np.uint64(32)).astype(np.uint32))
    return contexts


def _unique(values: Any) -> Any:
    """Return the sorted values once each; faster than np.unique on a few hundred."""
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    kept = np.empty(len(ordered), np.bool_)
    kept[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]
