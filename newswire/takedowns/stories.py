"""Story documents without the members that are taken down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from elasticsearch import ConflictError, Elasticsearch

from newswire.elastic.client import build_alias, build_stories_index
from newswire.takedowns.taken_down import find_taken_down
from schemas.messages import Article, StoryChanged

Document = Mapping[str, Any]
MAX_LISTED: Final = 500  # members in a document; `size` counts on
MAX_STORIES: Final = 100  # an article is listed in one story, and for a moment in the one that it has left
_LENIENT: Final[dict[str, Any]] = {"ignore_unavailable": True, "allow_no_indices": True}


def without_taken_down(client: Elasticsearch, prefix: str, documents: Sequence[Document]) -> list[Document]:
    """Return story documents in which no member that is taken down appears, in the same order."""
    taken = find_taken_down(client, prefix, {name for document in documents for name in document["members"]})
    return [
        leave_out(document, taken.article_ids, _read_members(client, prefix, document))
        if taken.article_ids.intersection(document["members"])
        else document
        for document in documents
    ]


def leave_out(document: Document, taken: Collection[str], indexed: Mapping[str, Document]) -> Document:
    """Return a story's document without the members in `taken`.

    `indexed` are the title, outlet and language of the indexed members by id. The headline stays if it is the title
    of a remaining member. Outlets and languages are left as they are while those of a remaining member are unknown.
    """
    members = [name for name in document["members"] if name not in taken]
    known = [indexed[name] for name in members if name in indexed]
    titles = [member["title"] for member in known if member["title"].strip()]
    changed = dict(document) | {
        "members": members,
        "size": document["size"] - (len(document["members"]) - len(members)),
        "headline": document["headline"] if document["headline"] in titles else next(iter(titles), ""),
    }
    if len(known) == changed["size"]:
        changed["outlets"] = _only(document["outlets"], known, "outlet")
        changed["languages"] = _only(document["languages"], known, "language")
        changed["outlet_count"] = len(changed["outlets"])
        changed["first_outlet"] = next(iter(changed["outlets"]), None)
    return {name: value for name, value in changed.items() if value is not None}


def rewrite_stories(client: Elasticsearch, prefix: str, article_id: str) -> list[StoryChanged]:
    """Rewrite the indexed stories that list an article, without what is taken down; return those rewritten."""
    return _write_stories(client, prefix, _find_stories(client, prefix, "members", article_id))


def put_back(client: Elasticsearch, prefix: str, article: Article) -> list[StoryChanged]:
    """List an article in its indexed story again, as its newest member; return the story if it was rewritten."""
    stories = _find_stories(client, prefix, "story_id", article.story_id)
    return _write_stories(client, prefix, [add_member(story, article) for story in stories])


def add_member(document: Document, article: Article) -> Document:
    """Return a story's document with one more member; one that it has stays where it is."""
    if article.article_id in document["members"]:
        return document
    outlets = [*dict.fromkeys([*document["outlets"], article.outlet])]
    return dict(document) | {
        "members": [*document["members"], article.article_id][:MAX_LISTED],
        "size": document["size"] + 1,
        "headline": document["headline"] or article.title,
        "outlets": outlets,
        "outlet_count": len(outlets),
        "first_outlet": outlets[0],
        "languages": [*dict.fromkeys([*document["languages"], article.language])],
    }


def _find_stories(client: Elasticsearch, prefix: str, field: str, value: str) -> list[Document]:
    index = build_alias(prefix, "stories")
    client.indices.refresh(index=index, **_LENIENT)
    found = client.search(index=index, query={"term": {field: value}}, size=MAX_STORIES, **_LENIENT)
    return [hit["_source"] for hit in found["hits"]["hits"]]


def _write_stories(client: Elasticsearch, prefix: str, documents: Sequence[Document]) -> list[StoryChanged]:
    """Write stories without what is taken down, each unless a newer revision of it is indexed; return those written."""
    written = []
    for document in without_taken_down(client, prefix, documents):
        try:
            client.index(
                index=build_stories_index(prefix),
                id=document["story_id"],
                document=document,
                version=document["revision"],
                version_type="external_gte",
                refresh=True,
            )
        except ConflictError:
            continue  # the record stage has written a newer revision since, and looked it up itself
        written.append(msgspec.convert(document, StoryChanged))
    return written


def _read_members(client: Elasticsearch, prefix: str, document: Document) -> dict[str, Document]:
    answer = client.search(
        index=build_alias(prefix),
        query={"terms": {"article_id": document["members"]}},
        size=len(document["members"]),
        source_includes=["article_id", "title", "outlet", "language"],
        **_LENIENT,
    )
    return {hit["_source"]["article_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


def _only(names: Sequence[str], members: Sequence[Document], field: str) -> list[str]:
    remaining = {member[field] for member in members}
    return [name for name in names if name in remaining]
