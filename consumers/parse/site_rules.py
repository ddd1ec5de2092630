"""Apply the rules of a source's own file to a page: the only place where parse treats one site unlike another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser, LexborNode

from consumers.parse.body.cascade import join_blocks
from consumers.parse.body.parts import clean_blocks
from consumers.parse.fields.authors import clean_names
from consumers.parse.fields.dates import find_fault, read_time, search_date
from consumers.parse.fields.metadata import Metadata, Origin
from consumers.parse.input.tree import Tree
from consumers.parse.words import fold
from newswire.sources.rules import SiteRule

RULES_OF_SOURCE = "rules, of the source"
_PROVENANCE = "rules"
_MISSED = "rule-matched-nothing"
BODY_MISSED = f"{_MISSED}: body"
_MAX_FRAGMENT_CHARS = 600_000
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules found on a page; fields not found are empty, and `notes` name the rules that matched nothing."""

    body: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    published: dt.datetime | None = None
    notes: tuple[str, ...] = ()

    def amend(self, meta: Metadata) -> None:
        """Replace what parse has read by what the rules found."""
        meta.notes += self.notes
        if self.title:
            meta.title = self.title
        if self.authors:
            meta.authors = self.authors
        if self.published:
            meta.published, meta.published_source = self.published, "time"
        found = {"body": self.body, "title": self.title, "authors": self.authors, "published_at": self.published}
        meta.provenance |= {name: _PROVENANCE for name, value in found.items() if value}


def rules_for(origin: Origin) -> list[SiteRule]:
    """Return the rules that are valid on the day on which the page was fetched."""
    return [rule for rule in origin.rules if rule.is_valid_on(origin.fetched_at.date())]


def cut_parts(text: str, rules: Iterable[SiteRule]) -> str:
    """Return the page without the elements that rules remove, unless they choose the body themselves."""
    selectors = [selector for rule in rules if not rule.body for selector in rule.remove]
    if not selectors:
        return text
    parser = LexborHTMLParser(text)
    for selector in selectors:
        for node in _outermost(parser, selector):
            node.decompose()
    return parser.html or ""


def read_by_rules(
    parser: LexborHTMLParser, rules: Sequence[SiteRule], titles: frozenset[str], fetched_at: dt.datetime
) -> Ruled:
    """Return what the rules find for each field; the first rule that finds something decides."""
    notes: list[str] = []

    def find(field: str, read: Callable[[SiteRule, list[LexborNode]], Found | None]) -> Found | None:
        applied = [(rule, selector) for rule in rules if (selector := getattr(rule, field))]
        for rule, selector in applied:
            if (nodes := _outermost(parser, selector)) and (found := read(rule, nodes)):
                return found
        if applied:
            notes.append(f"{_MISSED}: {field} {' | '.join(selector for _, selector in applied)}")
        return None

    title = find("title", lambda _, nodes: _value(nodes[0])) or ""
    authors = find("authors", lambda _, nodes: clean_names(map(_value, nodes))) or ()
    published = find("published", lambda _, nodes: _read_time(nodes[0], fetched_at))
    known = titles | {fold(title)} if title else titles
    body = find("body", lambda rule, nodes: _read_body(rule, nodes, known)) or ""
    return Ruled(body, title, authors, published, tuple(notes))


def _outermost(parser: LexborHTMLParser, selector: str) -> list[LexborNode]:
    """Return the elements that a selector matches, in order, without those inside another of them."""
    found = {node.mem_id: node for node in parser.css(selector)}
    return [node for node in found.values() if found.keys().isdisjoint(_ancestor_ids(node))]


def _ancestor_ids(node: LexborNode) -> Iterable[int]:
    above = node.parent
    while above is not None:
        yield above.mem_id
        above = above.parent


def _read_body(rule: SiteRule, nodes: Sequence[LexborNode], titles: frozenset[str]) -> str:
    """Return the paragraphs of the chosen elements; only lines are judged in them, not the names of parts."""
    fragment = "".join(node.html or "" for node in nodes)[:_MAX_FRAGMENT_CHARS]
    if rule.remove:
        soup = BeautifulSoup(fragment, "lxml")
        for tag in soup.select(", ".join(rule.remove)):
            tag.extract()
        fragment = str(soup)
    return join_blocks(clean_blocks(Tree(fragment).blocks, titles))


def _value(node: LexborNode) -> str:
    """Return the value of an element: its content or datetime attribute, else its text."""
    value = node.attributes.get("content") or node.attributes.get("datetime")
    text = value or " ".join(block.text for block in Tree(node.html or "").blocks)
    return " ".join((text or node.text()).split())  # such as that of a caption, which is never part of a body


def _read_time(node: LexborNode, fetched_at: dt.datetime) -> dt.datetime | None:
    text = _value(node)
    when = read_time(text) or search_date([text], fetched_at)
    return None if when is None or find_fault(when, fetched_at) else when
