"""Read the body by text density: a cheap check of our rules that uses lengths and links, and no names."""

from __future__ import annotations

from collections.abc import Sequence

from consumers.parse.input.tree import HEADINGS, Block

_PROSE_TAGS = HEADINGS | {"p"}
_LINKS_SHARE = 0.5
_LONG_CHARS = 120
_COST = 40.0  # of each block: the text beyond short blocks must outweigh them
_KEPT_SCORE = -20.0


def read_by_density(blocks: Sequence[Block]) -> list[Block]:
    """Return the run of blocks with the most text, less its links and short blocks.

    A maximum subarray, found in one pass by Kadane's algorithm (Bentley, Programming Pearls, CACM 1984).
    """
    scores = [_score(block) for block in blocks]
    best = total = 0.0
    start = first = last = 0
    for place, score in enumerate(scores):
        if total <= 0:
            total, start = 0.0, place
        total += score
        if total > best:
            best, first, last = total, start, place + 1
    run = zip(blocks[first:last], scores[first:last], strict=True)
    return [
        block
        for block, score in run
        if block.link_share < _LINKS_SHARE and (score > _KEPT_SCORE or block.tag in _PROSE_TAGS)
    ]


def _score(block: Block) -> float:
    length = block.size
    if block.link_share > _LINKS_SHARE or block.element.is_aside:
        return -_COST - 0.5 * min(length, 200)
    return (length if block.tag == "p" or length > _LONG_CHARS else 0.3 * length) - _COST
