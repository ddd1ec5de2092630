"""What Elasticsearch keeps of an article: every field with its type and analysis; the templates are made from this."""

from __future__ import annotations

from elasticsearch.dsl import Boolean, Date, Field, Float, Integer, Keyword, Long, Object, Text

from schemas.analyzers import ANALYZERS, EXACT


def _text(analyzer: str = EXACT) -> Text:
    # Offsets in the index let one highlighter join exact and stemmed matches without reading the text again.
    return Text(analyzer=analyzer, index_options="offsets")


def _name() -> Keyword:
    return Keyword(ignore_above=1024, fields={"words": Text(analyzer=EXACT)})


def _label() -> Keyword:
    return Keyword(ignore_above=1024)  # text from the web: Lucene takes no term above 32 KB


def _address() -> Keyword:
    return Keyword(ignore_above=2048)


def _unsearched() -> Keyword:
    return Keyword(index=False, doc_values=False)


ARTICLE_FIELDS: dict[str, Field] = {
    "article_id": Keyword(),
    "url_id": Keyword(),
    "url": _address(),
    "canonical_url": _address(),
    "source": Keyword(),
    "outlet": _label(),
    "host": Keyword(),
    "language": Keyword(),
    "country": Keyword(),
    "is_agency": Boolean(),
    "title": Text(analyzer=EXACT, index_options="offsets", fields={"raw": Keyword(ignore_above=512)}),
    "heading": _text(),
    "summary": _text(),
    "body": _text(),
    "content_hash": Keyword(),
    "authors": _name(),
    "tags": _name(),
    "section": _label(),
    "site_name": _label(),
    "image": _unsearched(),
    "kind": Keyword(),
    "word_count": Integer(),
    "is_paywalled": Boolean(),
    "allows_ai_use": Boolean(),
    "published_at": Date(),
    "published_source": Keyword(),
    "provenance": Object(enabled=False),
    "modified_at": Date(),
    "fetched_at": Date(),
    "first_seen_at": Date(),
    "version": Integer(),
    "story_id": Keyword(),
    "story_revision": Integer(),
    "copy_of": Keyword(),
    "copy_tier": Keyword(),
    "scores": Object(enabled=False),
    "reasons": _unsearched(),
}
# What the index stage works out, because no query of the server can.
DERIVED_FIELDS: dict[str, Field] = {
    "dated_at": Date(),
    "family_id": Keyword(),
    "is_copy": Boolean(),
    "indexed_at": Date(),
    "searchable_at": Date(),
    "seconds_to_searchable": Float(),
    "seconds_from_publication": Float(),
}
LANGUAGE_FIELDS: dict[str, Field] = {
    f"{name}_{suffix}": _text(analyzer) for suffix, analyzer in ANALYZERS.items() for name in ("title", "body")
}
# Of an older version: when and by which the next one replaced it, and how much that one changed.
REVISION_FIELDS: dict[str, Field] = {
    "superseded_at": Date(),
    "superseded_by": Integer(),
    "changed": Keyword(),
    "words_added": Integer(),
    "words_removed": Integer(),
}
STORY_FIELDS: dict[str, Field] = {
    "story_id": Keyword(),
    "revision": Integer(),
    "change": Keyword(),
    "headline": Text(analyzer=EXACT, fields={"raw": Keyword(ignore_above=512)}),
    "size": Integer(),
    "members": Keyword(),
    "outlets": _label(),
    "outlet_count": Integer(),
    "first_outlet": _label(),
    "languages": Keyword(),
    "first_seen_at": Date(),
    "last_seen_at": Date(),
    "merged_into": Keyword(),
    "indexed_at": Date(),
}
FETCH_FIELDS: dict[str, Field] = {
    "source": Keyword(),
    "outlet": _label(),
    "host": Keyword(),
    "kind": Keyword(),
    "url": _address(),
    "outcome": Keyword(),
    "reason": _label(),
    "status": Integer(),
    "bytes": Long(),
    "seconds": Float(),
    "new_urls": Integer(),
    "at": Date(),
}
DEAD_LETTER_FIELDS: dict[str, Field] = {
    "stage": Keyword(),
    "topic": Keyword(),
    "partition": Integer(),
    "offset": Long(),
    "reason": _label(),
    "detail": _unsearched(),
    "is_expected": Boolean(),
    "source": Keyword(),
    "outlet": _label(),
    "host": Keyword(),
    "url": _address(),
    "at": Date(),
}
SAVED_SEARCH_FIELDS: dict[str, Field] = {
    "query_id": Keyword(),
    "name": Keyword(ignore_above=1024),
    "request": Object(enabled=False),
    "created_at": Date(),
    "pushes": Boolean(),
    "disabled_reason": _unsearched(),
}
# That an alert was made, and of which record; no word of the article.
ALERT_FIELDS: dict[str, Field] = {
    "alert_id": Keyword(),
    "query_id": Keyword(),
    "article_id": Keyword(),
    "version": Integer(),
    "origin": _unsearched(),
    "matched_at": Date(),
}
# By which ids the stages refuse an article that is taken down; no word of it, and not why.
TAKEDOWN_FIELDS: dict[str, Field] = {
    "article_id": Keyword(),
    "url_ids": Keyword(),
    "at": Date(),
}
