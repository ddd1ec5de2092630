"""Words counted and texts made comparable, in spaced and unspaced scripts."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"[\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_SIGN_WORTH = 2  # letters more than its own place: six letters and a blank to a word, two signs to a word


def count_words(text: str) -> int:
    """Return the number of words; two signs of a script without spaces count as one."""
    signs = 0 if text.isascii() else len(_UNSPACED.findall(text))
    return len(_WORD.findall(_UNSPACED.sub(" ", text) if signs else text)) + signs // 2


def measure(text: str) -> int:
    """Return how many letters of an alphabet a text is worth; a sign of a script without spaces is worth three."""
    return len(text) if text.isascii() else len(text) + _SIGN_WORTH * len(_UNSPACED.findall(text))


def fold(text: str) -> str:
    """Return a text without case, signs and blanks, to compare lines."""
    return _SIGNS.sub("", text).casefold()


def shorten(text: str, most_chars: int = 90) -> str:
    """Return the first line of a text, cut at a word."""
    line = text.split("\n", 1)[0]
    return line if len(line) <= most_chars else line[:most_chars].rsplit(" ", 1)[0].rstrip(" ,;:-–") + " …"


def shingles(text: str, size: int = 4) -> set[tuple[str, ...]]:
    """Return the runs of words of a text; unspaced scripts are taken sign by sign."""
    has_unspaced = not text.isascii() and _UNSPACED.search(text)
    words = (_UNSPACED.sub(r" \g<0> ", text) if has_unspaced else text).split()
    return set(zip(*(words[start:] for start in range(size)), strict=False)) if len(words) >= size else {tuple(words)}


def hash_content(title: str, body: str) -> str:
    """Return the hash by which dedupe knows an unchanged text: composition and blanks do not count."""
    flat = " ".join(unicodedata.normalize("NFC", f"{title}\n{body}").split())
    return hashlib.sha256(flat.encode()).hexdigest()[:32]
