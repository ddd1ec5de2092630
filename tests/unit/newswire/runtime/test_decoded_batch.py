"""Records are judged before a stage sees them: type, version, size, headers, value."""

from __future__ import annotations

import pytest

from newswire.runtime.decoded_batch import decode
from newswire.stage import Reject
from newswire.testing.broker import MemoryRecord
from schemas.bounds import MAX_HEADER_BYTES, MAX_VALUE_BYTES
from schemas.messages import Message
from schemas.topics import Topic, dead_letters_of


class Word(Message, frozen=True, kw_only=True):
    """A message."""

    key: str


WORDS = Topic("words", Word, "", 2, "key", ("key",), 1, (), ())
GOOD = b'{"key":"k"}'


def judge(value=GOOD, headers=(), topic=WORDS):
    """Return the reason and the detail of a rejection; None where the record reaches the stage."""
    item = decode(MemoryRecord(topic.name, 0, 0, 0, None, value, headers), {topic.name: topic}, 0)
    if item.record is not None:
        return None
    assert isinstance(item.answer, Reject)
    assert item.trips_fuse
    return item.answer.reason, item.answer.detail


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("newswire.Word.v1", None),
        ("newswire.Word.v2", None),
        ("newswire.Word.v3", "unknown-version"),
        ("newswire.Word.v99", "unknown-version"),
        ("newswire.Word.v0", "wrong-type"),
        ("newswire.Word.v9999999999", "wrong-type"),
        ("newswire.Word", "wrong-type"),
        ("newswire.Banana.v1", "wrong-type"),
        ("com.example.word", "wrong-type"),
        ("", "wrong-type"),
    ],
)
def test_the_type_and_its_version_are_checked(given, reason):
    """A newer version is kept for a release that reads it; another message is another message."""
    found = judge(headers=[("ce_type", given.encode())])
    assert (found and found[0]) == reason


def test_a_newer_version_says_which_release_reads_it():
    """The way out is in the dead letter."""
    _, detail = judge(headers=[("ce_type", b"newswire.Word.v3")])
    assert "up to version 2" in detail
    assert "upgrade to a release that reads version 3, then `newswire dlq retry`" in detail


def test_a_writer_without_cloudevents_is_taken_at_its_word():
    """The value is checked all the same."""
    assert judge() is None
    assert judge(b"{}")[0] == "undecodable"


@pytest.mark.parametrize(("count", "reason"), [(MAX_HEADER_BYTES - 1, None), (MAX_HEADER_BYTES, "headers-too-large")])
def test_headers_are_bounded(count, reason):
    """Names count as well."""
    found = judge(headers=[("h", b"x" * count)])
    assert (found and found[0]) == reason


@pytest.mark.parametrize(("count", "reason"), [(MAX_VALUE_BYTES, None), (MAX_VALUE_BYTES + 1, "record-too-large")])
def test_values_are_bounded_unpacked(count, reason):
    """A small record of the broker's may unpack to many megabytes."""
    value = GOOD.replace(b'k"}', b"k" * (count - len(GOOD) + 1) + b'"}')
    assert len(value) == count
    found = judge(value)
    assert (found and found[0]) == reason


def test_dead_letters_are_read_whatever_they_hold():
    """They are what others could not take."""
    assert judge(b"\xff" * (MAX_VALUE_BYTES + 1), [("ce_type", b"x")], dead_letters_of("parse")) is None


@pytest.mark.parametrize(
    "value", [b"\xff", b'"\xff"', b"[" * 100_000, b"{}", b"", b"null", b'{"key":1}', b'{"key":"k"']
)
def test_whatever_a_value_is_made_of_it_is_rejected_not_raised(value):
    """Invalid UTF-8, depth, missing and wrong fields, truncation."""
    assert judge(value)[0] == "undecodable"
