"""Read a page with lexbor, once from top to bottom, into blocks of text that know their ancestors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from consumers.parse.vocabulary import words
from consumers.parse.words import measure

_TEXT_ID = 2
_BREAK_ID = LexborHTMLParser("<br>").css("br")[0].tag_id
_DROPPED = words("dropped_tags")
_ASIDE = frozenset({"nav", "footer", "aside", "figure"})
_ABOVE_ALL = frozenset({"-undef", "html"})
_INLINE = words("inline_tags")
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
LISTED = frozenset({"li", "td", "th", "dd", "dt"})
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


class Element:
    """An element that holds text, and its parent."""

    __slots__ = (
        "boilerplate_reason", "depth", "is_aside", "is_boilerplate", "is_dropped", "is_link", "node", "parent", "tag",
        "within",
    )  # fmt: skip

    def __init__(self, node: LexborNode, tag: str, parent: Element | None) -> None:
        self.node = node
        self.parent = parent
        self.tag = tag
        self.depth: int = parent.depth + 1 if parent else 0
        self.is_dropped: bool = tag in _DROPPED or (parent is not None and parent.is_dropped)
        self.is_link: bool = tag == "a" or (parent is not None and parent.is_link)
        self.is_aside: bool = tag in _ASIDE or (parent is not None and parent.is_aside)
        # Not a reference to itself: a cycle per element would leave the whole tree to the garbage collector
        self.within: Element | None = (parent.within or parent) if parent and tag in _INLINE else None
        self.boilerplate_reason: str | None = None
        self.is_boilerplate: bool | None = None

    @property
    def block(self) -> Element:
        """The block-level element that this text belongs to."""
        return self.within or self

    def ancestors(self) -> Iterator[Element]:
        """Yield this element and all above it, upwards."""
        element: Element | None = self
        while element:
            yield element
            element = element.parent


class Block:
    """A run of text with no block-level boundary inside."""

    __slots__ = ("element", "link_share", "size", "tag", "text")

    def __init__(self, element: Element, text: str, link_chars: int) -> None:
        self.element = element
        self.tag = element.tag
        self.text = text
        self.size: int = measure(text)  # in letters of an alphabet, comparable across scripts
        self.link_share: float = min(1.0, link_chars / len(text)) if link_chars else 0.0


class Tree:
    """A page as lexbor reads it, and its blocks."""

    def __init__(self, text: str) -> None:
        self.parser = LexborHTMLParser(text)
        self.blocks: list[Block] = []
        self.elements: dict[int, Element] = {}
        self._read()

    def _read(self) -> None:
        run: list[str] = []
        links = 0
        current: Element | None = None
        body = self.parser.body
        for node in body.traverse(include_text=True) if body else ():
            kind = node.tag_id
            if kind != _TEXT_ID:
                if kind == _BREAK_ID:
                    run.append("\n")
                continue
            text = node.text_content or ""
            if text.isspace():
                run.append(" ")  # separates words anywhere, but never blocks
            elif element := self._holder(node):
                if element.block is not current:
                    self._close(current, run, links)
                    current, run, links = element.block, [], 0
                run.append(text.replace("\n", " "))
                links += len(text.strip()) if element.is_link else 0
        self._close(current, run, links)

    def _holder(self, node: LexborNode) -> Element | None:
        """Return the element that holds a text; None if its text does not count."""
        parent = node.parent
        if parent is None:
            return None
        element = self.elements.get(parent.mem_id) or self._element(parent)
        return None if element.is_dropped else element

    def _element(self, node: LexborNode) -> Element:
        """Return the element of a node; it and its missing ancestors are created."""
        chain = []
        above: LexborNode | None = node
        known = None
        while above is not None and (tag := above.tag) and tag not in _ABOVE_ALL:
            identity = above.mem_id
            if known := self.elements.get(identity):
                break
            chain.append((identity, above, tag))
            above = above.parent
        for identity, link, tag in reversed(chain):
            known = self.elements[identity] = Element(link, tag, known)
        return known or Element(node, node.tag or "", None)

    def _close(self, element: Element | None, run: list[str], links: int) -> None:
        if element is None:
            return
        whole = "".join(run)
        if "\n" not in whole:
            if text := " ".join(whole.split()):
                self.blocks.append(Block(element, text, links))
            return
        for part in _PARAGRAPH_BREAK.split(whole):
            text = "\n".join(line for piece in part.split("\n") if (line := " ".join(piece.split())))
            if text:
                self.blocks.append(Block(element, text, links))
