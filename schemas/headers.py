"""What each header of a record means; docs/contracts.md and docs/asyncapi.yaml are made from it."""

from __future__ import annotations

COMMON_HEADERS = {
    "ce_specversion": "`1.0`, the version of CloudEvents",
    "ce_type": "`newswire.<message>.v<version>`: what the value is, and in which version",
    "ce_source": "`newswire/<writer>`: who wrote it",
    "ce_time": "when it was written, RFC 3339",
    "traceparent": "W3C trace context: one trace from the fetch of a page to the index",
}
EVENT_HEADERS = {
    "ce_id": "the event's id: the same event has the same id whenever it is sent again",
    "content-type": "`application/json`",
}
TOMBSTONE_HEADERS = {"first_seen_at": "of an article: when its URL was seen first; names the month of its index"}
