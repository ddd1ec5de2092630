"""Extract the article from one page: bytes in, all fields out, or the reason why there is no article."""

from __future__ import annotations

import re
from dataclasses import dataclass

from consumers.parse.body.cascade import Body, read_body
from consumers.parse.body.fallback_reader import read_fallback
from consumers.parse.classify import Signs, count_headline_links, find_kind, reject_non_articles
from consumers.parse.fields.head import PageHead, read_head
from consumers.parse.fields.jsonld import ArticleData, read_jsonld
from consumers.parse.fields.language import find_language
from consumers.parse.fields.metadata import Metadata, Origin, read_metadata
from consumers.parse.fields.visible import Visible
from consumers.parse.input.charset import decode
from consumers.parse.input.limits import cut_scripts, find_danger
from consumers.parse.input.tree import Tree
from consumers.parse.rejection import Rejected
from consumers.parse.site_rules import RULES_OF_SOURCE, Ruled, cut_parts, read_by_rules, rules_for
from consumers.parse.words import count_words, fold, shorten
from schemas.messages import Kind

_MARKUP = re.compile(r"<(?:html|head|body|div|p|article|section|title|table)\b", re.IGNORECASE)
MAX_BYTES = 12_000_000  # fetch already refuses more than 10 MB


@dataclass(frozen=True, slots=True)
class Extraction:
    """The article that parse read from a page."""

    meta: Metadata
    reading: Body
    language: str
    kind: Kind
    word_count: int
    charset: str

    @property
    def title(self) -> str:
        """The headline."""
        return self.meta.title

    @property
    def body(self) -> str:
        """The paragraphs, separated by empty lines."""
        return self.reading.text

    @property
    def authors(self) -> list[str]:
        """The names of the authors."""
        return list(self.meta.authors)

    @property
    def published(self) -> str | None:
        """The time of publication as the page gives it, in its own zone (ISO 8601)."""
        return self.meta.published.isoformat() if self.meta.published else None


def extract_article(raw: bytes, origin: Origin, http_charset: str | None = None) -> Extraction:
    """Return the article on a page; raises Rejected with the reason if there is none."""
    if len(raw) > MAX_BYTES:
        raise Rejected("too-large", f"{len(raw)} bytes, {MAX_BYTES} are read")
    if not raw.strip():
        raise Rejected("empty", "the page has no content")
    decoded = decode(raw, http_charset)
    if not _MARKUP.search(decoded.text):
        raise Rejected("not-html", "the page has no markup")
    data = read_jsonld(decoded.text, origin.url)
    text = cut_scripts(decoded.text)
    head = read_head(text, origin.url)
    danger = find_danger(text)
    rules = rules_for(origin)
    ruled = Ruled()
    if danger:
        body, visible, links = read_fallback(text, danger), Visible(), 0
    else:
        titles = _titles(data, head)
        tree = Tree(cut_parts(text, rules))
        links = count_headline_links(tree.blocks)
        ruled = read_by_rules(tree.parser, rules, titles, origin.fetched_at)
        body = Body(ruled.body, RULES_OF_SOURCE) if ruled.body else read_body(tree, decoded.text, data.body, titles)
        visible = Visible(tree, titles)
    meta = read_metadata(data, head, visible, origin)
    ruled.amend(meta)
    if danger:
        meta.notes.append(f"read slowly: {danger}" + (", without the source's rules" if rules else ""))
    return _finish(PageReading(data, head, meta, body, decoded.charset, links), origin)


@dataclass(frozen=True, slots=True)
class PageReading:
    """All that was read from a page, before it is judged."""

    data: ArticleData
    head: PageHead
    meta: Metadata
    body: Body
    charset: str
    headline_links: int


def _finish(page: PageReading, origin: Origin) -> Extraction:
    """Return the article with its title and language; raises Rejected if the page is not an article."""
    meta, text = page.meta, page.body.text
    words = count_words(text)
    kind = find_kind(page.data, page.head, origin.url)
    has_date = meta.published_source in ("jsonld", "meta")
    signs = Signs(meta.title, meta.heading, text, words, has_date, page.headline_links)
    reject_non_articles(signs, kind, page.data, page.head, origin.url)
    if not meta.title:
        meta.title, meta.provenance["title"] = shorten(text), "text"
    hints = page.head.language, page.data.language, origin.language_hint
    language, meta.provenance["language"] = find_language(text, *hints)
    return Extraction(meta, page.body, language, kind, words, page.charset)


def _titles(data: ArticleData, head: PageHead) -> frozenset[str]:
    """Return the folded headlines in the metadata, so that the body does not repeat them."""
    titles = (data.headline, *head.metas.get("og:title", ()), *head.metas.get("twitter:title", ()), head.title)
    return frozenset(fold(title) for title in titles if title)
