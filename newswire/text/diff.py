"""Compare two versions of a text, word by word, for the index to count and for readers to see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, Literal

from msgspec import Struct

from newswire.text.scripts import UNSPACED

Change = Literal["same", "removed", "added"]
# Scripts written without spaces are compared character by character.
_WORD: Final = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
_TOKEN: Final = re.compile(rf"{_WORD.pattern}|\s+|[^\w\s]")
PARAGRAPH_BREAK: Final = "\n\n"
EDITED_OVERLAP: Final = 0.4  # overlap from which two paragraphs are versions of one
MAX_TOKENS: Final = 3_000  # of one paragraph: the time to compare grows with the square


class TextChange(Struct, frozen=True):
    """A stretch of text that is in both versions, only in the older, or only in the newer."""

    text: str
    change: Change


Changes = tuple[TextChange, ...]


def compare_texts(old: str, new: str) -> Changes:
    """Return a text in stretches; spaces and punctuation between two changed words count as changed too.

    The longest matching runs come from `difflib` (Ratcliff and Obershelp 1988). A paragraph of more than MAX_TOKENS
    is returned as removed and added as a whole.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if old == new:
        return _stretch(new, "same")
    if max(len(before), len(after)) > MAX_TOKENS:
        return (*_stretch(old, "removed"), *_stretch(new, "added"))
    stretches: list[TextChange] = []
    removed, added = "", ""
    for step, begin, end, new_begin, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old_text, new_text = "".join(before[begin:end]), "".join(after[new_begin:new_end])
        if step != "equal" or ((removed or added) and end < len(before) and not _WORD.search(old_text)):
            removed, added = removed + old_text, added + new_text
            continue
        stretches += [*_stretch(removed, "removed"), *_stretch(added, "added"), *_stretch(new_text, "same")]
        removed, added = "", ""
    return (*stretches, *_stretch(removed, "removed"), *_stretch(added, "added"))


def compare_bodies(old: str, new: str) -> tuple[Changes, ...]:
    """Return the paragraphs of both versions in reading order, each in stretches."""
    before, after = old.split(PARAGRAPH_BREAK), new.split(PARAGRAPH_BREAK)
    paragraphs: list[Changes] = []
    for step, begin, end, new_begin, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if step == "equal":
            paragraphs += [_stretch(text, "same") for text in after[new_begin:new_end]]
        else:
            paragraphs += _edited(before[begin:end], after[new_begin:new_end])
    return tuple(filter(None, paragraphs))


def count_words(changes: Sequence[Changes], change: Change) -> int:
    """Return how many words of these paragraphs were added or removed."""
    return sum(len(_WORD.findall(part.text)) for paragraph in changes for part in paragraph if part.change == change)


def _edited(before: list[str], after: list[str]) -> Iterator[Changes]:
    """Yield paragraphs, those that are edits of one another in pairs, in order; the others as added or removed."""
    rest = list(before)
    for new in after:
        partner = next((place for place, old in enumerate(rest) if _overlap(old, new) >= EDITED_OVERLAP), None)
        if partner is None:
            yield _stretch(new, "added")
            continue
        for gone in rest[:partner]:
            yield _stretch(gone, "removed")
        yield compare_texts(rest[partner], new)
        del rest[: partner + 1]
    for gone in rest:
        yield _stretch(gone, "removed")


def _overlap(old: str, new: str) -> float:
    """Return the overlap coefficient of the words of two texts, 0 to 1 (Szymkiewicz-Simpson)."""
    words, others = set(_WORD.findall(old)), set(_WORD.findall(new))
    return len(words & others) / max(1, min(len(words), len(others)))


def _stretch(text: str, change: Change) -> Changes:
    return (TextChange(text, change),) if text else ()
