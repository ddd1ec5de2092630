"""Reads the groups (families or stories) of a page of hits: the representative, the others, and what matched.

One request reads all groups of a page, with highlights of the representatives only. Inner hits of a collapsed search,
with highlights of every member, take several times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from elasticsearch import Elasticsearch
from elasticsearch.dsl.query import Bool, Terms
from msgspec import convert

from newswire.search.as_of import indexes_of
from newswire.search.client import run_searches
from newswire.search.highlights import build_highlight, split_marks
from newswire.search.query import build_query
from newswire.search.representative import REPRESENTATIVE_ORDER, STORY_REPRESENTATIVE_ORDER
from newswire.search.request import SearchRequest
from newswire.search.results import FoundArticle, Hit

FOLD_FIELDS: Final = {"copies": "family_id", "stories": "story_id"}
ALONE: Final = "article_id"  # where nothing is grouped, every article is a group
MAX_FOLDED_SHOWN: Final = 5
SHOWN: Final = list(FoundArticle.__struct_fields__)

Found = Mapping[str, Any]


def open_groups(client: Elasticsearch, prefix: str, request: SearchRequest, found: Sequence[Found]) -> tuple[Hit, ...]:
    """Return the hits of a page, each with its group, in their order."""
    if not found:
        return ()
    field = FOLD_FIELDS.get(request.fold, ALONE)
    (answer,) = run_searches(client, indexes_of(prefix, request), [_body(request, field, found)])
    groups = {bucket["key"]: bucket for bucket in answer["aggregations"]["groups"]["buckets"]}
    return tuple(_hit(one, groups.get(one["_source"][field])) for one in found)


def _body(request: SearchRequest, field: str, found: Sequence[Found]) -> dict[str, Any]:
    keys = [one["_source"][field] for one in found]
    if request.fold != "stories":
        # Copies share a language, so the fields of other languages are not needed; the articles of a story may differ.
        request = replace(request, languages=tuple({one["_source"]["language"] for one in found}))
    order = STORY_REPRESENTATIVE_ORDER if request.fold == "stories" else REPRESENTATIVE_ORDER
    shown = {"sort": order, "_source": SHOWN}
    parts = {
        "head": {"top_hits": {**shown, "size": 1, "highlight": build_highlight(request)}},
        "members": {"top_hits": {**shown, "size": MAX_FOLDED_SHOWN + 1}},
    }
    return {
        "size": 0,
        "query": Bool(must=[build_query(request)], filter=[Terms(field, keys)]).to_dict(),
        "aggs": {"groups": {"terms": {"field": field, "size": len(keys)}, "aggs": parts}},
    }


def _hit(found: Found, group: Found | None) -> Hit:
    """Return a hit; an article whose group has changed since it was found is shown alone."""
    head, members, count = found, [found], 1
    if group is not None:
        head = group["head"]["hits"]["hits"][0]
        members, count = group["members"]["hits"]["hits"], group["doc_count"]
    article = convert(head["_source"], FoundArticle)
    marked = head.get("highlight", {})
    return Hit(
        article=article,
        title=split_marks(marked.get("title", [article.title])[0]),
        snippets=tuple(split_marks(text) for text in marked.get("body", ())),
        score=found["_score"],
        folded_count=count - 1,
        folded=tuple(convert(member["_source"], FoundArticle) for member in members[1:]),
    )
