"""The shingles of a text, sequences of its words as hashes: what dedupe looks up and compares.

Shingling follows Broder 1997. Hashes of sequences are differences of prefix sums of a polynomial (Karp and Rabin 1987).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from newswire.text.fingerprint import INVERSES, POWERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from newswire.text.fingerprint import Fingerprint

    U32 = NDArray[np.uint32]
    U64 = NDArray[np.uint64]

MIN_KEYS: Final = 32
KEY_SHARE: Final = 32  # long texts are sampled: every hash below 2^64 / 32 is a key
MIN_WORDS: Final = 60  # with fewer words left, boilerplate is kept
ALL_BELOW: Final = np.uint64(2**64 // KEY_SHARE)
HALF: Final = np.uint64(32)
HEADER = struct.Struct("<IIII")


@dataclass(frozen=True, slots=True)
class Shingles:
    """Sorted sets of 32-bit hashes, and the 64-bit hashes of the sentences in order; all arrays have one dimension."""

    trigrams: U32
    fivegrams: U32
    numbers: U32  # each number with the word before it, and with the word after it
    sentences: U64

    def pack(self) -> bytes:
        """Return the bytes for the ShingleStore."""
        parts = (self.sentences, self.trigrams, self.fivegrams, self.numbers)
        return HEADER.pack(*(len(part) for part in parts)) + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, raw: bytes) -> Shingles:
        """Read what `pack` wrote."""
        sentences, trigrams, fivegrams, numbers = HEADER.unpack_from(raw)
        rest = np.frombuffer(raw, np.uint32, offset=HEADER.size)
        hashes, rest = rest[: 2 * sentences].view(np.uint64), rest[2 * sentences :]
        return cls(
            rest[:trigrams], rest[trigrams : trigrams + fivegrams], rest[trigrams + fivegrams :][:numbers], hashes
        )


def read_shingles(text: Fingerprint, boilerplate: NDArray[np.bool_]) -> tuple[Shingles, U32]:
    """Return the shingles of a text without its boilerplate, and its keys for the index, uint32.

    `boilerplate` is a mask over the sentences, shape (sentences,).
    """
    words, numbers = text.words, text.numbers.astype(np.intp)
    if boilerplate.any():
        ends = np.append(text.starts[1:], np.uint32(len(words)))
        kept = (~boilerplate).repeat(ends - text.starts)
        if np.count_nonzero(kept) >= MIN_WORDS:
            is_number = np.zeros(len(words), np.bool_)
            is_number[numbers] = True
            words, numbers = words[kept], is_number[kept].nonzero()[0]
    sums = np.zeros(len(words) + 1, np.uint64)
    np.cumsum(words * POWERS[: len(words)], out=sums[1:])
    fivegrams = _unique(_hash_sequences(sums, 5))
    below = int(fivegrams.searchsorted(ALL_BELOW))
    sets = Shingles(
        trigrams=_unique(_shorten(_hash_sequences(sums, 3))),
        fivegrams=_shorten(fivegrams),
        numbers=_unique(_shorten(_read_contexts(words, numbers))),
        sentences=text.sentences,
    )
    return sets, fivegrams[: max(MIN_KEYS, below)].astype(np.uint32)


def share_new(shingles: Shingles, old: Shingles | None) -> float | None:
    """Return the share of trigrams, 0 to 1, that an older version does not have; None without one."""
    if old is None:
        return None
    known = np.isin(shingles.trigrams, old.trigrams, assume_unique=True)
    return 1 - float(known.mean()) if len(known) else 0.0


def _hash_sequences(sums: U64, length: int) -> U64:
    """Return the hash of each sequence of `length` words, from the prefix sums of the text's polynomial."""
    hashes: U64 = (sums[length:] - sums[:-length]) * INVERSES[: max(0, len(sums) - length)]
    return hashes


def _read_contexts(words: U32, numbers: NDArray[np.intp]) -> U64:
    begins = np.concatenate((numbers[numbers > 0] - 1, numbers[numbers < len(words) - 1]))
    contexts: U64 = words[begins] * POWERS[5] + words[begins + 1] * POWERS[6]
    return contexts


def _shorten(hashes: U64) -> U32:
    """Return the upper half of each hash: multiplication mixes the upper bits best."""
    return (hashes >> HALF).astype(np.uint32)


def _unique(values: Any) -> Any:
    """Return the distinct values, sorted in place; faster than np.unique on a few hundred values."""
    values.sort()
    if len(values) < 2:
        return values
    is_other = np.empty(len(values), np.bool_)
    is_other[0] = True
    np.not_equal(values[1:], values[:-1], out=is_other[1:])
    return values[is_other]
