"""The headers of dead letters, and the reasons that stages give; the record itself follows as it came."""

from __future__ import annotations

from typing import Final, Literal, get_args

PREFIX: Final = "dlq."
STAGE: Final = "dlq.stage"
TOPIC: Final = "dlq.topic"
PARTITION: Final = "dlq.partition"
OFFSET: Final = "dlq.offset"
REASON: Final = "dlq.error.type"
DETAIL: Final = "dlq.error"
EXPECTED: Final = "dlq.expected"
AT: Final = "dlq.at"
CODE_VERSION: Final = "dlq.code_version"
RETRIED: Final = "dlq.retried"
VALUE_SHA256: Final = "dlq.value.sha256"
VALUE_BYTES: Final = "dlq.value.bytes"
HEADERS_BYTES: Final = "dlq.headers.bytes"

DEAD_LETTER_HEADERS: Final[dict[str, str]] = {
    STAGE: "the stage that could not take the record",
    TOPIC: "the topic that the record came from, without the prefix",
    PARTITION: "the record's partition there",
    OFFSET: "the record's offset there",
    REASON: "the reason, one of the values below",
    DETAIL: "the detail, as a sentence of at most 2,000 characters",
    EXPECTED: "`true` for normal rejections, such as a page that is not an article",
    AT: "when the stage gave it up, RFC 3339",
    CODE_VERSION: "the release of Newswire that ran",
}
# Only on some dead letters.
RARE_DEAD_LETTER_HEADERS: Final[dict[str, str]] = {
    VALUE_SHA256: "SHA-256 of the whole value, if it did not fit and only its first 4 KB follow",
    VALUE_BYTES: "the size of that whole value",
    HEADERS_BYTES: "the size of the record's own headers, if they did not fit and are left out",
    RETRIED: "marks a record without a value as a note: the dead letter at this offset was sent again",
}

# Why any stage may dead-letter a record; parse adds reasons for pages (RejectReason). docs/contracts.md shows these.
DeadLetterReason = Literal[
    "undecodable",  # the value is not a message of the topic, or a field is out of bounds
    "record-too-large",  # unpacked, the value is larger than any topic of ours accepts
    "headers-too-large",  # the headers are larger than any that Newswire writes
    "wrong-type",  # `ce_type` names another message than the topic carries
    "unknown-version",  # `ce_type` names a newer version than this release reads: upgrade, then retry
    "handler-crashed",  # the stage's own code raised an exception; the detail names it and the line
    "output-too-large",  # what the stage made of the record does not fit its topic
    "document-refused",  # Elasticsearch will never accept the document
    "skipped",  # passed over by `newswire dlq skip`; the detail names who and why
    "tombstone-without-month",  # a tombstone without the `article_id` as its key, or without the header `first_seen_at`
]
DEAD_LETTER_REASONS: Final[tuple[str, ...]] = get_args(DeadLetterReason)
