"""What a message may hold: just inside passes, just outside is a decode error that names the field."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import schemas
from schemas.bounds import MAX_COUNTER, MAX_INT, MAX_ITEMS, MAX_NAME_CHARS, MAX_STORY_REVISION, MAX_URL_CHARS
from schemas.topics import TOPICS

EXAMPLES = Path(schemas.__file__).parent / "examples"
BY_NAME = {topic.name: topic for topic in TOPICS}
ID = "0123456789abcdef" * 2


def example(topic):
    """Return one golden message of a topic as plain data."""
    return msgspec.json.decode(min((EXAMPLES / f"{topic}.v1").glob("*.json")).read_bytes())


def decode(topic, **changes):
    return BY_NAME[topic].decode(msgspec.json.encode(example(topic) | changes))


@pytest.mark.parametrize(
    ("topic", "field", "inside", "outside"),
    [
        ("articles", "fetched_at", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z"),
        ("articles", "fetched_at", "2200-12-31T23:59:59.999999Z", "2201-01-01T00:00:00Z"),
        ("articles", "first_seen_at", "1970-01-01T14:00:00+14:00", "1970-01-01T13:59:59+14:00"),
        ("articles", "first_seen_at", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
        ("articles", "published_at", "2200-12-31T00:00:00Z", "9999-12-31T23:59:59.999999-05:00"),
        ("articles", "modified_at", None, "9999-12-31T23:59:59.999999-14:00"),
        ("articles", "version", MAX_COUNTER, MAX_COUNTER + 1),
        ("articles", "story_revision", MAX_STORY_REVISION, MAX_STORY_REVISION + 1),
        ("articles", "word_count", MAX_INT, MAX_INT + 1),
        ("articles", "word_count", -MAX_INT, -MAX_INT - 1),
        ("articles", "url", "u" * MAX_URL_CHARS, "u" * (MAX_URL_CHARS + 1)),
        ("articles", "canonical_url", "https://a.example/b", "https://a.example/\u0000"),
        ("articles", "source", "s" * MAX_NAME_CHARS, "s" * (MAX_NAME_CHARS + 1)),
        ("articles", "source", "a b", "a\nb"),
        ("articles", "language", "en", "en\n"),
        ("articles", "article_id", ID, ID + "\n"),
        ("articles", "tags", ["t"] * MAX_ITEMS, ["t"] * (MAX_ITEMS + 1)),
        ("stories", "revision", MAX_COUNTER, MAX_COUNTER + 1),
        ("indexed-articles", "version", MAX_COUNTER, MAX_COUNTER + 1),
        ("indexed-articles", "indexed_at", "1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z"),
        ("fetch-outcomes", "at", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00-14:00"),
        ("fetched-pages", "url_id", ID, "a\u0000b"),
        ("fetched-pages", "feed", {"published_at": "1999-01-01T00:00:00Z"}, {"published_at": "9999-12-31T00:00:00Z"}),
        ("crawl-requests", "source", "meridian", "\u0000"),
    ],
)
def test_each_bound_holds_just_inside_and_breaks_just_outside(topic, field, inside, outside):
    """The error names the field, so that whoever wrote the record finds it."""
    decode(topic, **{field: inside})
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{field}"):
        decode(topic, **{field: outside})


@pytest.mark.parametrize("topic", BY_NAME)
def test_all_that_was_ever_written_is_inside(topic):
    """Every golden message, of this release and of those before, is decoded."""
    paths = [*EXAMPLES.glob(f"{topic}.v1/*.json"), *EXAMPLES.parent.glob(f"released/*/examples/{topic}.v1/*.json")]
    assert paths
    for path in paths:
        BY_NAME[topic].decode(path.read_bytes())
