"""Check a page before any tree is built: what makes tree builders quadratic is found cheaply in its text."""

from __future__ import annotations

import re

MAX_CHARS = 3_000_000  # after scripts are cut; the largest news page measured has a third of this
MAX_DEPTH = 1_500
MAX_TAG_CHARS = 20_000
MAX_TAG_WORDS = 1_000
MAX_TAGS = 60_000
_HARMLESS_TAGS = 5_000  # with fewer, depth is not counted; a closed element counts as two tags

_OPENING = re.compile(r"<(script|style)\b", re.IGNORECASE)
_CLOSING = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style")}
_LONG_TAG = re.compile(rf"<[^>]{{{MAX_TAG_CHARS}}}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
# Void elements, and those that a sibling closes: repeating them does not nest them
_FLAT = "p li br img td tr input link meta source option hr th dd dt tbody thead area base col embed param track wbr"
_NESTING = re.compile(rf"<(/?)(?=[a-z])(?!(?:{'|'.join(_FLAT.split())})\b)", re.IGNORECASE)


def cut_scripts(text: str) -> str:
    """Return the page without its scripts and styles."""
    kept: list[str] = []
    unclosed: set[str] = set()
    place = 0
    for opening in _OPENING.finditer(text):
        name = opening[1].lower()
        if opening.start() < place or name in unclosed:
            continue
        if closing := _CLOSING[name].search(text, opening.end()):
            kept.append(text[place : opening.start()])
            place = closing.end()
        else:
            unclosed.add(name)  # searched for once: a page may open a thousand
    return " ".join([*kept, text[place:]])


def find_danger(text: str) -> str | None:
    """Return what would make a tree of this text (scripts cut) too costly, in words; None if nothing would."""
    if len(text) > MAX_CHARS:
        return f"{len(text)} characters without scripts"
    tags = text.count("<")
    if tags > MAX_TAGS:
        return f"{tags} tags"
    if words := _longest_tag(text):
        return f"a tag of {words} words"
    if tags > _HARMLESS_TAGS and (depth := _depth(text)) > MAX_DEPTH:
        return f"tags nested {depth} deep"
    return None


def _longest_tag(text: str) -> int:
    """Return the number of words, without quoted values, of the wordiest over-long tag; 0 if it is harmless."""
    if not _LONG_TAG.search(text):
        return 0
    pieces = (piece[piece.rfind("<") :] for piece in text.split(">") if len(piece) > MAX_TAG_CHARS)
    words = max((len(_QUOTED.sub("", piece).split()) for piece in pieces if piece.startswith("<")), default=0)
    return words if words > MAX_TAG_WORDS else 0


def _depth(text: str) -> int:
    """Return the largest number of tags open at once, without building a tree."""
    depth = deepest = 0
    for slash in _NESTING.findall(text):
        if not slash:
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest
