"""What a reader sees around the text: headline, bylines, times, from the same tree as the body."""

from __future__ import annotations

from consumers.parse.metadata import Visible
from consumers.parse.tree import Tree

_BYLINES = (
    '[rel~="author"]', '[itemprop="author"] [itemprop="name"]', '[itemprop="author"]', ".byline a", ".author-name", ".author a",
    ".byline", ".author",
)  # fmt: skip
_MAX_BYLINE_CHARS = 120
_MAX_TIMES = 3


def read_visible(tree: Tree) -> Visible:
    """Read headline, bylines and marked times of a page."""
    return Visible(_heading(tree), _bylines(tree), _times(tree))


def _heading(tree: Tree) -> str | None:
    texts = (" ".join(node.text(separator=" ").split()) for node in tree.parser.css("h1")[:5])
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
