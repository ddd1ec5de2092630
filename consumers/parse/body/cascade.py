"""Choose the body: our rules, checked by the density reader; trafilatura only where the two disagree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from consumers.parse.body.density import read_by_density
from consumers.parse.body.fragments import to_paragraphs
from consumers.parse.body.heuristics import choose_blocks
from consumers.parse.body.hydration import read_hydration
from consumers.parse.body.trafilatura_reader import build_page, read_with_trafilatura
from consumers.parse.input.tree import Block, Tree
from consumers.parse.words import measure, shingles

AGREED = 0.9
ENOUGH_CHARS = 300
_CONFIRMED = 0.74  # by trafilatura: then our own text is kept, as it preserves paragraphs better
_JSONLD_CHARS = 400
_JSONLD_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Body:
    """Paragraphs separated by empty lines, the reader that won, and how far two readers agreed (0 to 1)."""

    text: str
    reader: str
    agreement: float | None = None


def read_body(tree: Tree, text: str, declared: str | None, titles: frozenset[str]) -> Body:
    """Return the body of a page.

    `text` is the whole page with its scripts, `declared` the `articleBody` of its JSON-LD.
    """
    blocks = choose_blocks(tree, titles)
    own = join_blocks(blocks)
    size = measure(own)
    data_text, data_source = (to_paragraphs(declared), "jsonld") if declared else ("", "")
    if not data_text and size <= ENOUGH_CHARS:
        data_text, data_source = read_hydration(text, titles), "script data"
    # Some sites repeat their text in JSON-LD: only other words make it the fuller reading
    if measure(data_text) > max(_JSONLD_CHARS, _JSONLD_FACTOR * size) and agree(own, data_text) < AGREED:
        return Body(data_text, data_source, agree(own, data_text))
    agreement = agree_in_blocks(blocks, read_by_density(tree.blocks))
    if size > ENOUGH_CHARS:
        if agreement >= AGREED:
            return Body(own, "rules", agreement)
        if (confirmed := agree(own, data_text)) >= AGREED:
            return Body(own, f"rules, confirmed by {data_source}", confirmed)
    return _settle(own, agreement, tree)


def _settle(own: str, agreement: float, tree: Tree) -> Body:
    """Settle it by trafilatura: its fast mode may confirm our reading, and only its full mode may replace it."""
    page = build_page(tree.blocks)
    found, confirmed = "", 0.0
    for is_quick in (True, False):
        found = read_with_trafilatura(page, is_quick=is_quick)
        confirmed = agree(own, found) if own and found else 0.0
        if confirmed >= _CONFIRMED:
            return Body(own, "rules, confirmed by trafilatura", max(agreement, confirmed))
    if not found:
        return Body(own, "rules, alone", agreement)
    return Body(found, "trafilatura", confirmed)


def join_blocks(blocks: Iterable[Block]) -> str:
    """Return the text of blocks, separated by empty lines."""
    return "\n\n".join(block.text for block in blocks)


@lru_cache(maxsize=4)  # our reading is compared with up to three others
def _shingles(text: str) -> set[tuple[str, ...]]:
    return shingles(text)


def agree_in_blocks(one: Iterable[Block], other: Iterable[Block]) -> float:
    """Return how far two choices of blocks agree, 0 to 1: the Dice coefficient (Dice 1945) of their characters."""
    first, second = {block.text for block in one}, {block.text for block in other}
    chars = sum(map(len, first)) + sum(map(len, second))
    return 2 * sum(map(len, first & second)) / chars if chars else 0.0


def agree(one: str, other: str) -> float:
    """Return how far two readings agree, 0 to 1: the Dice coefficient of their shingles (Broder 1997)."""
    first, second = _shingles(one), _shingles(other)
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0
