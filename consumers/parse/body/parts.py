"""Trim the article: boxes and pictures inside it, the standfirst above it, stray lines between paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from consumers.parse.body.boilerplate import PICTURE_WORDS, is_boilerplate_line, judge, judge_part, name_of
from consumers.parse.input.tree import HEADINGS, LISTED, Block, Element
from consumers.parse.words import fold

_PART_SHARE = 0.08  # of the article's prose; a name with more of it is not a part's
_PICTURE_SHARE = 0.25
_STANDFIRST_CHARS = (120, 700)
_REPEATED_CHARS = 60
_STRAY_CHARS = 100
_MARKED_SHARE = 0.7
Masses = dict[Element, float]  # of the prose below an element, in characters
_MARKED = HEADINGS | LISTED | {"p", "blockquote", "pre"}


def without_small_parts(blocks: list[Block], root: Element, masses: Masses, total: float) -> list[Block]:
    """Return the blocks without the boxes, pictures and players inside the article."""
    named: dict[str, float] = {}
    below = {element: name_of(element) for block in blocks for element in _up_to(block.element, root)}
    for element, name in below.items():
        named[name] = named.get(name, 0.0) + masses.get(element, 0.0)
    parts = {e for e, name in below.items() if (reason := judge_part(e)) and named[name] < _limit(reason) * total}
    return [block for block in blocks if parts.isdisjoint(_up_to(block.element, root))] if parts else blocks


def _limit(reason: str) -> float:
    return _PICTURE_SHARE if reason in PICTURE_WORDS else _PART_SHARE


def _up_to(element: Element, root: Element) -> Iterator[Element]:
    for above in element.ancestors():
        if above is root:
            return
        yield above


def find_standfirst(
    blocks: Sequence[Block], chosen: Sequence[Block], is_boilerplate: Callable[[Element], bool]
) -> list[Block]:
    """Return the prose between the headline and the first block of the article, two paragraphs at most."""
    if not chosen:
        return []
    first = next(place for place, block in enumerate(blocks) if block is chosen[0])
    start = max((place for place in range(first) if blocks[place].tag == "h1"), default=first)
    return [block for block in blocks[start + 1 : first] if _is_standfirst(block, is_boilerplate)][:2]


def _is_standfirst(block: Block, is_boilerplate: Callable[[Element], bool]) -> bool:
    min_chars, max_chars = _STANDFIRST_CHARS
    if block.tag in HEADINGS | LISTED or not min_chars <= block.size <= max_chars or block.link_share > 0.3:
        return False
    if any(judge_part(element) in PICTURE_WORDS for element in block.element.ancestors()):
        return False
    return not is_boilerplate(block.element) or all(judge(e) in ("", "teaser") for e in block.element.ancestors())


def clean_blocks(blocks: Sequence[Block], titles: frozenset[str]) -> list[Block]:
    """Return the blocks without lines of links, boilerplate, repeats, the headline, and headings at the end."""
    kept: list[Block] = []
    seen: set[str] = set()
    for block in blocks:
        text = block.text
        if text in seen or is_links(block) or is_boilerplate_line(text) or (len(text) < 300 and fold(text) in titles):
            continue
        if len(text) > _REPEATED_CHARS:
            seen.add(text)
        kept.append(block)
    while kept and kept[-1].tag in HEADINGS:
        kept.pop()
    return _after_headline(kept)


def is_links(block: Block) -> bool:
    """Return whether a block is only links; a paragraph of several linked lines is a list in the article."""
    if block.tag == "p":
        return block.link_share >= 1 and "\n" not in block.text
    if block.tag in LISTED:
        return block.link_share > 0.3
    return block.link_share > (0.8 if len(block.text) > 200 else 0.65)


def _after_headline(blocks: list[Block]) -> list[Block]:
    """Return the blocks without the headline, and without what is above it if that is little."""
    place = next((place for place, block in enumerate(blocks) if block.tag == "h1"), None)
    if place is None:
        return blocks
    before, whole = (sum(len(block.text) for block in part) for part in (blocks[:place], blocks))
    rest = blocks[place:] if before < 0.3 * whole else blocks
    return [block for block in rest if block.tag != "h1"]


def without_stray_lines(blocks: list[Block]) -> list[Block]:
    """Return the blocks without short lines outside paragraph tags, on pages that tag their paragraphs."""
    whole = sum(len(block.text) for block in blocks)
    if sum(len(block.text) for block in blocks if block.tag in _MARKED) < _MARKED_SHARE * whole:
        return blocks
    return [block for block in blocks if block.tag in _MARKED or block.size > _STRAY_CHARS]
