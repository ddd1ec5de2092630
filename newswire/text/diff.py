"""Shows what a newer version of a text says otherwise, word by word; the index counts it, readers see it."""

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
LIKE_ENOUGH: Final = 0.4  # share of words in common from which two paragraphs are one that was edited
MOST_TOKENS: Final = 3_000  # of one paragraph: comparing takes time with the square


class TextChange(Struct, frozen=True):
    """A stretch of text that stands in both versions, only in the older, or only in the newer."""

    text: str
    change: Change


Changes = tuple[TextChange, ...]


def compare_texts(old: str, new: str) -> Changes:
    """Return a text in stretches; blanks and marks between two changed words count as changed with them."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if old == new:
        return _stretch(new, "same")
    if max(len(before), len(after)) > MOST_TOKENS:
        return (*_stretch(old, "removed"), *_stretch(new, "added"))
    stretches: list[TextChange] = []
    removed, added = "", ""
    for step, begin, end, new_begin, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = "".join(before[begin:end]), "".join(after[new_begin:new_end])
        if step != "equal" or ((removed or added) and end < len(before) and not _WORD.search(gone)):
            removed, added = removed + gone, added + come
            continue
        stretches += [*_stretch(removed, "removed"), *_stretch(added, "added"), *_stretch(come, "same")]
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
    """Pair paragraphs that are edits of one another, in order; the rest came or went whole."""
    rest = list(before)
    for new in after:
        partner = next((place for place, old in enumerate(rest) if _likeness(old, new) >= LIKE_ENOUGH), None)
        if partner is None:
            yield _stretch(new, "added")
            continue
        for gone in rest[:partner]:
            yield _stretch(gone, "removed")
        yield compare_texts(rest[partner], new)
        del rest[: partner + 1]
    for gone in rest:
        yield _stretch(gone, "removed")


def _likeness(old: str, new: str) -> float:
    words, others = set(_WORD.findall(old)), set(_WORD.findall(new))
    return len(words & others) / max(1, min(len(words), len(others)))


def _stretch(text: str, change: Change) -> Changes:
    return (TextChange(text, change),) if text else ()
