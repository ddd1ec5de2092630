"""Read what is visible around the text: headline, bylines, times, from the same tree as the body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, islice

from consumers.parse.input.tree import Block, Tree
from consumers.parse.vocabulary import pattern
from consumers.parse.words import fold

_BYLINES = (
    '[rel~="author"]',
    '[itemprop="author"] [itemprop="name"]',
    '[itemprop="author"]',
    ".byline a",
    ".author-name",
    ".author a",
    ".byline",
    ".author",
    '[class*="author" i] a',
    '[class*="author" i][class*="name" i]',
    '[class*="byline" i]',
)
_NAME = r"[^\W\d_][\w.'’-]*"
_BYLINE = pattern("bylines", rf"^{{}}\s*[:：]?\s+({_NAME}(?:\s+{_NAME}){{0,4}})(?:,.*)?$")
_SEPARATOR = re.compile(r"\s*[|•·]\s*")
_MAX_BYLINE_CHARS = 120
_MAX_DATED_CHARS = 60  # longer ones are captions more often than not, and date the picture
_MIN_TITLE_CHARS, _MAX_TITLE_CHARS = 12, 300
_MAX_TIMES = 3
_NEAR_BLOCKS = 20  # of the headline


class Visible:
    """Headline, bylines, marked times and dated lines, each found on first use: metadata often make it needless."""

    def __init__(self, tree: Tree | None = None, titles: frozenset[str] = frozenset()) -> None:
        self._tree = tree
        self._titles = titles

    @cached_property
    def heading(self) -> str | None:
        """The headline."""
        return _heading(self._tree) if self._tree else None

    @cached_property
    def bylines(self) -> tuple[str, ...]:
        """The texts that name the authors."""
        return (_bylines(self._tree) or _signature(self._near)) if self._tree else ()

    @cached_property
    def times(self) -> tuple[str, ...]:
        """Times that are marked up as such, in their machine-readable form."""
        return _times(self._tree) if self._tree else ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines near the headline that may hold a date."""
        return tuple(
            block.text
            for block in self._near
            if len(block.text) <= _MAX_DATED_CHARS and any(map(str.isdigit, block.text))
        )

    @cached_property
    def _near(self) -> list[Block]:
        return _near_headline(self._tree, self._titles) if self._tree else []


def _near_headline(tree: Tree, titles: frozenset[str]) -> list[Block]:
    headings = (place for place, block in enumerate(tree.blocks) if block.tag == "h1")
    titled = (place for place, block in enumerate(tree.blocks) if _is_title(block.text, titles))
    start = next(chain(titled, headings), 0)  # the first heading may be the site's own name
    around = tree.blocks[max(0, start - _NEAR_BLOCKS // 2) : start + _NEAR_BLOCKS]
    return [block for block in around if len(block.text) <= _MAX_BYLINE_CHARS]


def _is_title(text: str, titles: frozenset[str]) -> bool:
    if len(text) > _MAX_TITLE_CHARS:
        return False
    folded = fold(text)
    return any(title in folded for title in titles if len(title) >= _MIN_TITLE_CHARS)


def _signature(near: Sequence[Block]) -> tuple[str, ...]:
    """Return the author that a line near the headline names: "17 April | By Somebody"."""
    for block in near:
        for part in _SEPARATOR.split(block.text):
            if (found := _BYLINE.match(part)) and not found[1][0].islower():
                return (found[1],)
    return ()


def _heading(tree: Tree) -> str | None:
    headings = (element.node for element in tree.elements.values() if element.tag == "h1")
    texts = (" ".join(node.text(separator=" ").split()) for node in islice(headings, 5))
    return next((text for text in texts if len(text) > 3), None)


def _bylines(tree: Tree) -> tuple[str, ...]:
    for selector in _BYLINES:
        texts = [" ".join(node.text(separator=" ").split()) for node in tree.parser.css(selector)[:8]]
        if found := [text for text in texts if 3 < len(text) <= _MAX_BYLINE_CHARS]:
            return tuple(dict.fromkeys(found))
    return ()


def _times(tree: Tree) -> tuple[str, ...]:
    marked = [
        node.attributes.get("content") or node.attributes.get("datetime")
        for node in tree.parser.css('[itemprop="datePublished"]')
    ]
    marked += [node.attributes.get("datetime") for node in tree.parser.css("time[datetime]")[:_MAX_TIMES]]
    return tuple(time for time in marked if time)[:_MAX_TIMES]
