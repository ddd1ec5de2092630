"""The rules of a source's own file, applied to a page: the only place where parse treats one site unlike another."""

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
    """What the rules found on a page; a field without a find is empty, and `notes` say which rule matched nothing."""

    body: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    published: dt.datetime | None = None
    notes: tuple[str, ...] = ()

    def amend(self, meta: Metadata) -> None:
        """Put what the rules found in the place of what parse has read."""
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
    """Return the page without what rules remove that leave the choice of the body to parse."""
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
    """Ask the rules in order for each field; the first that finds something decides."""
    notes: list[str] = []

    def ask(field: str, read: Callable[[SiteRule, list[LexborNode]], Found | None]) -> Found | None:
        asked = [(rule, selector) for rule in rules if (selector := getattr(rule, field))]
        for rule, selector in asked:
            if (nodes := _outermost(parser, selector)) and (found := read(rule, nodes)):
                return found
        if asked:
            notes.append(f"{_MISSED}: {field} {' | '.join(selector for _, selector in asked)}")
        return None

    title = ask("title", lambda _, nodes: _value(nodes[0])) or ""
    authors = ask("authors", lambda _, nodes: clean_names(map(_value, nodes))) or ()
    published = ask("published", lambda _, nodes: _read_time(nodes[0], fetched_at))
    known = titles | {fold(title)} if title else titles
    body = ask("body", lambda rule, nodes: _read_body(rule, nodes, known)) or ""
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
    """Return the paragraphs of the chosen fragment; names of parts are not judged in it, only lines."""
    fragment = "".join(node.html or "" for node in nodes)[:_MAX_FRAGMENT_CHARS]
    if rule.remove:
        soup = BeautifulSoup(fragment, "lxml")
        for tag in soup.select(", ".join(rule.remove)):
            tag.extract()
        fragment = str(soup)
    return join_blocks(clean_blocks(Tree(fragment).blocks, titles))


def _value(node: LexborNode) -> str:
    """Return what an element says: its content or datetime where it has one, else its text."""
    said = node.attributes.get("content") or node.attributes.get("datetime")
    text = said or " ".join(block.text for block in Tree(node.html or "").blocks)
    return " ".join((text or node.text()).split())  # such as a caption's, which is nowhere part of a body


def _read_time(node: LexborNode, fetched_at: dt.datetime) -> dt.datetime | None:
    said = _value(node)
    when = read_time(said) or search_date([said], fetched_at)
    return None if when is None or find_fault(when, fetched_at) else when
