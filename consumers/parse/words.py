"""Count words and make texts comparable, in scripts with and without spaces."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from newswire.text.scripts import UNSPACED_SIGN

_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"[\W_]+")

_SIGN_WORTH = 2  # extra letters: a word is six letters and a space, or two signs


def count_words(text: str) -> int:
    """Return the number of words; two signs of a script without spaces count as one word."""
    signs = 0 if text.isascii() else len(UNSPACED_SIGN.findall(text))
    return len(_WORD.findall(UNSPACED_SIGN.sub(" ", text) if signs else text)) + signs // 2


def measure(text: str) -> int:
    """Return the length of a text in letters of an alphabet; a sign of a script without spaces counts as three."""
    return len(text) if text.isascii() else len(text) + _SIGN_WORTH * len(UNSPACED_SIGN.findall(text))


def fold(text: str) -> str:
    """Return a text without case, punctuation and spaces, to compare lines."""
    return _SIGNS.sub("", text).casefold()


def shorten(text: str, max_chars: int = 90) -> str:
    """Return the first line of a text, cut at a word."""
    line = text.split("\n", 1)[0]
    return line if len(line) <= max_chars else line[:max_chars].rsplit(" ", 1)[0].rstrip(" ,;:-–") + " …"


def shingles(text: str, size: int = 4) -> set[tuple[str, ...]]:
    """Return the shingles (Broder 1997) of a text: its runs of `size` words, or signs of a script without spaces."""
    has_unspaced = not text.isascii() and UNSPACED_SIGN.search(text)
    words = (UNSPACED_SIGN.sub(r" \g<0> ", text) if has_unspaced else text).split()
    return set(zip(*(words[start:] for start in range(size)), strict=False)) if len(words) >= size else {tuple(words)}


def hash_content(title: str, body: str) -> str:
    """Return the hash by which dedupe recognises an unchanged text; Unicode form and spaces do not count."""
    flat = " ".join(unicodedata.normalize("NFC", f"{title}\n{body}").split())
    return hashlib.sha256(flat.encode()).hexdigest()[:32]
