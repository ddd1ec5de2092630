"""The steps of a takedown and of its undoing: each may be repeated, so an interrupted run is simply run again."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from newswire.elastic.client import build_alias, build_index_name
from newswire.elastic.stories import story_document
from newswire.errors import NewswireError
from newswire.kafka.body_store import blob_store
from newswire.kafka.reader import read_topic
from newswire.settings import Settings
from newswire.stage import Out
from newswire.takedowns.crawl_state import (
    TakedownEntry,
    enter,
    find_in_force,
    find_urls,
    ids_of,
    list_takedowns,
    mark_undone,
)
from newswire.takedowns.servers import Servers, open_servers
from newswire.takedowns.stories import rewrite_stories, write_stories
from newswire.takedowns.taken_down import add_entry, remove_entry
from schemas.messages import Article, StoryChanged, Takedown
from schemas.topics import ARTICLES, FETCHED_PAGES, STORIES, TAKEDOWNS

MAX_DOCUMENTS: Final = 1_000


class TakedownError(NewswireError):
    """There is nothing to take down, or no takedown to undo."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is taken down: the article, the address that stands for it, all its addresses, and its months."""

    article_id: str
    url_id: str
    url: str
    url_ids: frozenset[str]
    months: tuple[datetime, ...]
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakedownResult:
    """What a takedown has done; `copies` are the URLs of the same text at other addresses, which stay."""

    entry: TakedownEntry
    stories: tuple[str, ...]
    blobs: int
    copies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo has done; `is_restored` is false if `articles` no longer held a version to send again."""

    entry: TakedownEntry
    is_restored: bool


def take_down(settings: Settings, name: str, reason: str, by: str) -> TakedownResult:
    """Take down the article with a URL or id. One that is taken down already keeps its reason; all else is repeated.

    Raises TakedownError if nothing has this URL or id, Retry if a server is unavailable.
    """
    with open_servers(settings) as servers:
        subject = _find_subject(servers, name)
        values = dataclasses.asdict(subject) | {"url_ids": list(subject.url_ids), "reason": reason, "by": by}
        return _enforce(servers, subject, enter(servers.database, values))


def apply_takedowns(settings: Settings) -> list[TakedownResult]:
    """Repeat every takedown in force, as after the loss of an index. Raises Retry if a server is unavailable."""
    active = [entry for entry in list_takedowns(settings) if entry.undone_at is None]
    with open_servers(settings) as servers:
        return [_enforce(servers, _subject_of(servers, entry), entry) for entry in active]


def undo_takedown(settings: Settings, name: str, by: str) -> UndoResult:
    """Undo the takedown of an article: its newest version is sent again, and its addresses are due again.

    Raises TakedownError if the URL or id is not taken down, Retry if a server is unavailable.
    """
    with open_servers(settings) as servers:
        entry = find_in_force(servers.database, ids_of(name))
        if entry is None:
            raise TakedownError(f"{name} is not taken down; `newswire takedown list` shows what is")
        remove_entry(servers.client, servers.prefix, entry.article_id)
        newest = _newest_version(settings, entry.article_id)
        if newest is not None:
            _forget_deletion(servers, newest)
            servers.publisher.send(Out(ARTICLES, newest))
        write_stories(servers.client, servers.prefix, _stories_with(settings, entry.article_id))
        _announce(servers, entry, by=by, at=datetime.now(UTC), is_undone=True)
        # Last: until here, an undo that was interrupted can be run again.
        mark_undone(servers.database, entry, by)
        return UndoResult(entry, is_restored=newest is not None)


def _enforce(servers: Servers, subject: Subject, entry: TakedownEntry) -> TakedownResult:
    # The list first: what the index stage writes from now on is checked, and what it wrote before is deleted by the
    # tombstone, which comes later in the same partition.
    add_entry(servers.client, servers.prefix, entry.article_id, subject.url_ids, entry.at)
    for moment in subject.months:
        headers = {"first_seen_at": moment.isoformat()}
        servers.publisher.send(Out(ARTICLES, None, key=entry.article_id.encode(), headers=headers))
    _announce(servers, entry, by=entry.by, at=entry.at)
    stories = rewrite_stories(servers.client, servers.prefix, entry.article_id)
    blobs = _delete_blobs(servers.settings, {url_id.encode() for url_id in subject.url_ids})
    return TakedownResult(entry, tuple(stories), blobs, subject.copies)


def _announce(servers: Servers, entry: TakedownEntry, *, by: str, at: datetime, is_undone: bool = False) -> None:
    message = Takedown(
        article_id=entry.article_id,
        url_id=entry.url_id,
        url=entry.url,
        reason=entry.reason,
        by=by,
        at=at,
        is_undone=is_undone,
    )
    servers.publisher.send(Out(TAKEDOWNS, message))
    servers.publisher.flush()


def _find_subject(servers: Servers, name: str) -> Subject:
    ids = ids_of(name)
    if entry := find_in_force(servers.database, ids):
        return _subject_of(servers, entry)
    documents = _documents(servers, {"article_id": ids, "url_id": ids, "url": [name], "canonical_url": [name]})
    urls = find_urls(servers.database, ids)
    if not documents and not urls:
        raise TakedownError(
            f"no article and no address in the crawl state has the id or URL {name}; "
            "`newswire search --json` prints the ids and URLs of articles"
        )
    found = [(one.article_id or one.url_id, one.url_id, one.url) for one in urls]
    found = [(one["article_id"], one["url_id"], one["url"]) for one in documents] + found
    return _subject(servers, *next((one for one in found if one[1] in ids), found[0]))


def _subject_of(servers: Servers, entry: TakedownEntry) -> Subject:
    return _subject(servers, entry.article_id, entry.url_id, entry.url)


def _subject(servers: Servers, article_id: str, url_id: str, url: str) -> Subject:
    documents = _documents(servers, {"article_id": [article_id]})
    urls = [one for one in find_urls(servers.database, [article_id, url_id]) if one.article_id in {article_id, None}]
    moments = [msgspec.convert(one["first_seen_at"], datetime) for one in documents]
    months = {build_index_name("", at): at for at in (*(one.first_seen_at for one in urls), *moments)}
    families = [one["family_id"] for one in documents]
    copies = [one for one in _documents(servers, {"family_id": families}) if one["article_id"] != article_id]
    return Subject(
        article_id,
        url_id,
        url,
        frozenset({url_id, *(one.url_id for one in urls), *(one["url_id"] for one in documents)}),
        tuple(months.values()),
        tuple(one["url"] for one in copies),
    )


def _documents(servers: Servers, wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return the article documents in which one of the fields has one of its values."""
    lenient: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}
    fields = ["article_id", "url_id", "url", "first_seen_at", "family_id"]
    should = [{"terms": {field: values}} for field, values in wanted.items()]
    index, query = build_alias(servers.prefix), {"bool": {"should": should, "minimum_should_match": 1}}
    found = servers.client.search(index=index, query=query, size=MAX_DOCUMENTS, source_includes=fields, **lenient)
    return [hit["_source"] for hit in found["hits"]["hits"]]


def _forget_deletion(servers: Servers, article: Article) -> None:
    """Let the article be written again: for 60 s, Elasticsearch refuses versions older than the deletion."""
    index = build_index_name(servers.prefix, article.first_seen_at)
    lenient = servers.client.options(ignore_status=404)
    lenient.indices.put_settings(index=index, settings={"index.gc_deletes": "0s"})
    lenient.indices.refresh(index=index)
    lenient.indices.put_settings(index=index, settings={"index.gc_deletes": None})


def _newest_version(settings: Settings, article_id: str) -> Article | None:
    """Return the newest version in `articles`, or None once compaction has removed it behind the tombstone."""
    key = article_id.encode()
    found = [*read_topic(settings, ARTICLES.name, keeps=lambda raw: raw.key == key and raw.value is not None)]
    return ARTICLES.decode(found[-1].value) if found and found[-1].value else None


def _stories_with(settings: Settings, article_id: str) -> list[dict[str, Any]]:
    """Return the documents of the stories that list an article, from their newest records."""
    newest: dict[bytes | None, StoryChanged] = {}
    for raw in read_topic(settings, STORIES.name):
        newest.pop(raw.key, None)
        if raw.value and article_id.encode() in raw.value:
            newest[raw.key] = STORIES.decode(raw.value)
    now = datetime.now(UTC)
    return [story_document(story, now) for story in newest.values() if article_id in story.members]


def _delete_blobs(settings: Settings, keys: Collection[bytes]) -> int:
    """Delete the bodies of pages that were too large for a message, and return their number."""
    blobs = blob_store(settings)
    if blobs.is_empty():
        return 0
    pages = read_topic(settings, FETCHED_PAGES.name, keeps=lambda raw: raw.key in keys)
    refs = {FETCHED_PAGES.decode(raw.value).body_ref for raw in pages if raw.value}
    return sum(blobs.delete(ref) for ref in refs if ref)
