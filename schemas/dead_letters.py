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
    REASON: "why, as a word to count by",
    DETAIL: "why, as a sentence; at most 2,000 characters",
    EXPECTED: "`true` for what the stage rejects as a matter of course, such as a page that is not an article",
    AT: "when, RFC 3339",
    CODE_VERSION: "the release of Newswire that ran",
}
# Only on some dead letters.
RARE_DEAD_LETTER_HEADERS: Final[dict[str, str]] = {
    VALUE_SHA256: "of the whole value, where it did not fit and only its first 4 KB follow",
    VALUE_BYTES: "the size of that whole value",
    HEADERS_BYTES: "the size of the record's own headers, where they did not fit and are left out",
    RETRIED: "on the note that a dead letter was sent again, which has no value: the letter's offset",
}

# Why a record is dead-lettered though it is not the page's fault; parse adds its own reasons (RejectReason).
DeadLetterReason = Literal[
    "undecodable",  # the value is not a message of the topic, or a field is out of bounds
    "record-too-large",  # the value unpacks to more than any topic of ours takes
    "headers-too-large",  # the record's headers are larger than any writer of ours makes them
    "wrong-type",  # ce_type names another message than the topic carries
    "unknown-version",  # ce_type names a newer version than this release reads: upgrade, then retry
    "handler-crashed",  # the stage's own code raised; the detail names the exception and the line
    "output-too-large",  # what the stage made of the record fits no topic
    "document-refused",  # Elasticsearch will never take the document
    "skipped",  # `newswire dlq skip` had the stage pass over it; the detail says who and why
    "tombstone-without-month",  # a tombstone without its article_id as key, or without first_seen_at as a header
]
DEAD_LETTER_REASONS: Final[tuple[str, ...]] = get_args(DeadLetterReason)
