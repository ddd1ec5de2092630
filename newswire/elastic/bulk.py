"""Bulk reads and writes, whose results are distinguished: written, refused for good, or to be tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import streaming_bulk

from newswire.elastic.mapping_conflicts import is_mapping_conflict
from newswire.errors import Retry
from newswire.stage import Reject

CHUNK_RECORDS = 500
CHUNK_BYTES = 8 << 20
TOO_LARGE = 413
# Short: in a long outage the runner holds the batch and keeps polling, which a sleep here would not.
RETRIES = 3
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 2.0
BUSY = (429, 502, 503, 504)
# Too many shards, a full disk, an index that was closed or made without our template: not the document's fault.
CLUSTER_FAULTS = {
    "validation_exception",
    "cluster_block_exception",
    "index_closed_exception",
    "index_not_found_exception",
    "strict_dynamic_mapping_exception",
}
DETAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Write:
    """One operation of a bulk request; with a `version`, only a higher one overwrites, or an equal one if it may."""

    operation: Literal["index", "create", "delete"]
    index: str
    id: str
    document: Mapping[str, Any] | None = None
    version: int | None = None
    overwrites_equal: bool = False

    def action(self) -> dict[str, Any]:
        """Return the operation as the client's bulk function takes it."""
        action: dict[str, Any] = {"_op_type": self.operation, "_index": self.index, "_id": self.id}
        if self.version is not None:
            action |= {"version": self.version, "version_type": "external_gte" if self.overwrites_equal else "external"}
        return action if self.document is None else action | {"_source": self.document}


def read_all(
    client: Elasticsearch, indexes: Mapping[str, str], fields: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return id -> document of those that exist; `indexes` names the index of each id. Raises Retry."""
    if not indexes:
        return {}
    places = [{"_index": index, "_id": id_} for id_, index in indexes.items()]
    answer = client.mget(docs=places, source_includes=fields)
    for item in answer["docs"]:
        if "error" in item and item["error"]["type"] != "index_not_found_exception":
            raise Retry(f"Elasticsearch cannot read {item['_index']} now: {_detail(item)}")
    return {item["_id"]: item["_source"] for item in answer["docs"] if item.get("found")}


def write_all(client: Elasticsearch, writes: Sequence[Write]) -> dict[str, Reject]:
    """Write, and return id -> rejection of the documents that Elasticsearch refuses for good.

    A document that exists already, in this version or a newer one, counts as written. Raises Retry when anything could
    not be written now; writing the same again is harmless.
    """
    try:
        return _write(client, writes)
    except ApiError as error:
        if error.status_code != TOO_LARGE:
            raise
    if len(writes) == 1:
        return {
            writes[0].id: Reject("document-refused", "larger than Elasticsearch, or a proxy in front of it, accepts")
        }
    middle = len(writes) // 2
    return write_all(client, writes[:middle]) | write_all(client, writes[middle:])


def _write(client: Elasticsearch, writes: Sequence[Write]) -> dict[str, Reject]:
    refused: dict[str, Reject] = {}
    waiting: Counter[str] = Counter()
    for result in _failures(client, writes):
        if result["status"] in {400, TOO_LARGE} and not _is_cluster_fault(result):
            refused[result["_id"]] = Reject("document-refused", _detail(result))
        else:
            waiting[f"{result['status']} {_detail(result)}"] += 1
    if waiting:
        reason, count = waiting.most_common(1)[0]
        raise Retry(f"Elasticsearch did not take {waiting.total()} of {len(writes)} documents; {count} times: {reason}")
    return refused


def _failures(client: Elasticsearch, writes: Sequence[Write]) -> Iterator[dict[str, Any]]:
    results = streaming_bulk(
        client,
        (write.action() for write in writes),
        chunk_size=CHUNK_RECORDS,
        max_chunk_bytes=CHUNK_BYTES,
        raise_on_error=False,  # with True, max_retries has no effect
        yield_ok=False,
        max_retries=RETRIES,
        initial_backoff=FIRST_WAIT_SECONDS,
        max_backoff=LONGEST_WAIT_SECONDS,
        retry_on_status=BUSY,
        include_source_on_error=False,  # otherwise the server repeats the text in its error
    )
    for _, item in results:
        operation, result = next(iter(item.items()))
        is_there_already = result["status"] == 409
        is_gone_already = operation == "delete" and result["status"] == 404
        if not is_there_already and not is_gone_already:
            yield result


def _is_cluster_fault(result: Mapping[str, Any]) -> bool:
    return _type_of(result) in CLUSTER_FAULTS or is_mapping_conflict(_detail(result))


def _type_of(result: Mapping[str, Any]) -> str:
    error = result.get("error")
    return str(error.get("type")) if isinstance(error, Mapping) else ""


def _detail(result: Mapping[str, Any]) -> str:
    error = result.get("error") or {}
    causes = [error, error.get("caused_by") or {}]
    return "; ".join(f"{cause['type']}: {cause.get('reason')}" for cause in causes if "type" in cause)[
        :DETAIL_CHARACTERS
    ]
