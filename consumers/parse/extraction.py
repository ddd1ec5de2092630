"""The whole reading of one page: bytes in, an article with all its fields out, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.parse.body import Body, read_body
from consumers.parse.decode import decode
from consumers.parse.guard import cut_scripts, find_danger
from consumers.parse.head import Head, read_head
from consumers.parse.jsonld import ArticleData, read_jsonld
from consumers.parse.kinds import find_kind, refuse_empty, refuse_error_page
from consumers.parse.language import find_language
from consumers.parse.metadata import Metadata, Origin, read_metadata
from consumers.parse.refusal import Refused
from consumers.parse.tree import Tree
from consumers.parse.visible import read_visible
from consumers.parse.words import count_words, fold
from schemas.messages import Kind

MAX_BYTES = 12_000_000  # fetch refuses over 10 MB already


@dataclass(frozen=True, slots=True)
class Extraction:
    """What parse makes of a page."""

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
        """The paragraphs, parted by an empty line."""
        return self.reading.text

    @property
    def authors(self) -> list[str]:
        """The names of the authors."""
        return list(self.meta.authors)

    @property
    def published(self) -> str | None:
        """The time of publication as the page says it, in its own zone."""
        return self.meta.published.isoformat() if self.meta.published else None


def extract_article(raw: bytes, origin: Origin, http_charset: str | None = None) -> Extraction:
    """Read a page; raises Refused with the reason where it gives no article."""
    if len(raw) > MAX_BYTES:
        raise Refused("too-large", f"{len(raw)} bytes, {MAX_BYTES} are read")
    if not raw.strip():
        raise Refused("empty", "the page has no content")
    decoded = decode(raw, http_charset)
    data = read_jsonld(decoded.text, origin.url)
    text = cut_scripts(decoded.text)
    if danger := find_danger(text):
        raise Refused("too-costly", danger)
    head = read_head(text, origin.url)
    tree = Tree(text)
    body = read_body(tree, text, origin.url, data.body, _titles(data, head))
    meta = read_metadata(data, head, read_visible(tree, text), origin)
    words = count_words(body.text)
    refuse_error_page(meta.title, meta.heading, words)
    refuse_empty(meta.title, body.text, words)
    language, meta.provenance["language"] = find_language(body.text, head.language, data.language, origin.language_hint)
    return Extraction(meta, body, language, find_kind(data, head, origin.url), words, decoded.charset)


def _titles(data: ArticleData, head: Head) -> frozenset[str]:
    """Return the folded headlines that metadata name, so that the body does not repeat them."""
    said = (data.headline, *head.metas.get("og:title", ()), *head.metas.get("twitter:title", ()), head.title)
    return frozenset(fold(title) for title in said if title)
