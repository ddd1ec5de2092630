"""The scripts that are written without spaces between words: one table for word counts, fingerprints and diffs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# Part of the fingerprint and of cluster's words: a change needs a new fingerprint VERSION and a rebuilt state.
# Hangul is not here: Korean separates its words with spaces.
UNSPACED_BLOCKS: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3041, 0x30FF),  # Kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)


def _signs() -> Iterator[str]:
    """Yield the letters, digits and vowel marks of the blocks, as ranges of a character class; no punctuation."""
    for low, high in UNSPACED_BLOCKS:
        start = None
        for point in range(low, high + 2):
            is_sign = point <= high and (chr(point).isalnum() or unicodedata.category(chr(point))[0] == "M")
            if is_sign and start is None:
                start = point
            elif not is_sign and start is not None:
                yield f"{chr(start)}-{chr(point - 1)}"
                start = None


UNSPACED: Final = "".join(_signs())  # what stands between the brackets of a character class
UNSPACED_SIGN: Final = re.compile(f"[{UNSPACED}]")
