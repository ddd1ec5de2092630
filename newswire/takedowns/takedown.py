"""The steps of a takedown and of its undoing: each may be repeated, so an interrupted run is simply run again."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from elasticsearch.helpers import scan

from newswire.elastic.bulk import Write, write_all
from newswire.elastic.client import build_alias, build_index_name
from newswire.errors import ConfigError
from newswire.kafka.body_store import blob_store
from newswire.kafka.reader import read_topic
from newswire.settings import Settings
from newswire.stage import Out
from newswire.takedowns.crawl_state import TakedownEntry, enter, find_in_force, ids_of, list_takedowns, mark_undone
from newswire.takedowns.servers import Servers, open_servers
from newswire.takedowns.stories import put_back, rewrite_stories
from newswire.takedowns.subject import Subject, TakedownError, find_subject, subject_of
from newswire.takedowns.taken_down import add_entry, remove_entry
from schemas.bounds import check_bounds
from schemas.messages import Article, StoryChanged, Takedown
from schemas.topics import ARTICLES, FETCHED_PAGES, STORIES, TAKEDOWNS, dead_letters_of

BODIES: Final = (FETCHED_PAGES.name, dead_letters_of("parse").name)  # the topics that refer to stored bodies


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

    Raises TakedownError if nothing has this URL or id or a text is out of bounds, Retry if a server is unavailable.
    """
    with open_servers(settings) as servers:
        subject = find_subject(servers, name)
        _check(subject, reason, by)
        values = dataclasses.asdict(subject) | {"url_ids": sorted(subject.url_ids), "reason": reason, "by": by}
        return _enforce(servers, subject, enter(servers.database, values))


def apply_takedowns(settings: Settings) -> list[TakedownResult]:
    """Repeat every takedown in force, as after the loss of a topic. Raises Retry if a server is unavailable."""
    active = [entry for entry in list_takedowns(settings) if entry.undone_at is None]
    with open_servers(settings) as servers:
        return [_enforce(servers, subject_of(servers, entry), entry) for entry in active]


def undo_takedown(settings: Settings, name: str, by: str) -> UndoResult:
    """Undo the takedown of an article: its newest version is sent again, and its addresses are due again.

    Raises TakedownError if the URL or id is not taken down, Retry if a server is unavailable.
    """
    with open_servers(settings) as servers:
        entry = find_in_force(servers.database, ids_of(name))
        if entry is None:
            raise TakedownError(f"{name} is not taken down; `newswire takedown list` shows what is")
        # First, so that no stage that starts now takes it down again.
        _announce(servers, entry, by=by, at=datetime.now(UTC), is_undone=True)
        remove_entry(servers.client, servers.prefix, entry.article_id)
        newest = _newest_version(settings, entry.article_id)
        if newest is not None:
            _forget_deletion(servers, newest)
            servers.publisher.send(Out(ARTICLES, newest))
            _send_stories(servers, put_back(servers.client, servers.prefix, newest))
            servers.publisher.flush()
        # Last: until here, an undo that was interrupted can be run again.
        mark_undone(servers.database, entry, by)
        return UndoResult(entry, is_restored=newest is not None)


def _enforce(servers: Servers, subject: Subject, entry: TakedownEntry) -> TakedownResult:
    # The list first: what the stages write from now on is checked. What was written before is deleted here, and what
    # a stage writes at this moment by the tombstone, which comes later in the same partition.
    add_entry(servers.client, servers.prefix, entry.article_id, subject.url_ids, entry.at)
    stories = rewrite_stories(servers.client, servers.prefix, entry.article_id)
    for moment in subject.months:
        headers = {"first_seen_at": moment.isoformat()}
        servers.publisher.send(Out(ARTICLES, None, key=entry.article_id.encode(), headers=headers))
    _send_stories(servers, stories)
    servers.publisher.flush()
    # Behind them: cluster, which reads this, then has the last word on both topics.
    _announce(servers, entry, by=entry.by, at=entry.at)
    _delete_documents(servers, entry.article_id)
    blobs = _delete_blobs(servers.settings, {url_id.encode() for url_id in subject.url_ids})
    return TakedownResult(entry, tuple(story.story_id for story in stories), blobs, subject.copies)


def _check(subject: Subject, reason: str, by: str) -> None:
    """Raise TakedownError if readers of the topic would refuse the message."""
    now = datetime.now(UTC)
    try:
        check_bounds(_message_of(subject, reason=reason, by=by, at=now))
    except msgspec.ValidationError as error:
        raise TakedownError(f"nothing is taken down: {error}; give a shorter --reason, of one line") from error


def _message_of(
    known: Subject | TakedownEntry, *, reason: str, by: str, at: datetime, is_undone: bool = False
) -> Takedown:
    return Takedown(
        article_id=known.article_id,
        url_id=known.url_id,
        url_ids=tuple(sorted(known.url_ids)),
        url=known.url,
        reason=reason,
        by=by,
        at=at,
        is_undone=is_undone,
    )


def _announce(servers: Servers, entry: TakedownEntry, *, by: str, at: datetime, is_undone: bool = False) -> None:
    message = _message_of(entry, reason=entry.reason, by=by, at=at, is_undone=is_undone)
    servers.publisher.send(Out(TAKEDOWNS, message))
    servers.publisher.flush()


def _send_stories(servers: Servers, stories: Collection[StoryChanged]) -> None:
    """Replace the newest records of stories: cluster no longer knows the old ones, and their topic keeps them."""
    for story in stories:
        servers.publisher.send(Out(STORIES, story))


def _delete_documents(servers: Servers, article_id: str) -> None:
    """Delete the article and its versions now: a search must not wait for the stage index."""
    indexes = [build_alias(servers.prefix), build_alias(servers.prefix, "revisions")]
    lenient: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}
    servers.client.indices.refresh(index=indexes, **lenient)  # the newest may not be searchable yet
    query = {"query": {"term": {"article_id": article_id}}, "_source": False}
    found = [*scan(servers.client, query=query, index=indexes, **lenient)]
    if refused := write_all(servers.client, [Write("delete", hit["_index"], hit["_id"]) for hit in found]):
        raise ConfigError(f"Elasticsearch refuses to delete documents: {refused}")
    servers.client.indices.refresh(index=indexes, **lenient)


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


def _delete_blobs(settings: Settings, keys: Collection[bytes]) -> int:
    """Delete the bodies of pages that were too large for a message, and return their number."""
    blobs = blob_store(settings)
    if blobs.is_empty():
        return 0
    raws = [raw for name in BODIES for raw in read_topic(settings, name, keeps=lambda raw: raw.key in keys)]
    refs = {ref for raw in raws if raw.value and (ref := _body_ref(raw.value))}
    return sum(blobs.delete(ref) for ref in refs)


def _body_ref(value: bytes) -> str | None:
    """Return the reference of a page's stored body; None where there is none, or no page: a dead letter may be both."""
    try:
        return FETCHED_PAGES.decode(value).body_ref
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
