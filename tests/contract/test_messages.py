"""The committed schemas and golden examples against the code."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

import schemas
from schemas import generate
from schemas.envelope import build_headers, child_traceparent, read_headers
from schemas.messages import Message
from schemas.topics import ARTICLES, FETCHED_PAGES, TOPICS

ROOT = Path(schemas.__file__).parent
EXAMPLES = sorted((ROOT / "examples").glob("*.v*/*.json"))


def topic_of(example: Path):
    name = example.parent.name.rsplit(".v", 1)[0]
    return next(topic for topic in TOPICS if topic.name == name)


def test_no_schema_file_is_unused():
    """Every file in schemas/json belongs to a topic's present or an earlier version."""
    known = {f"{topic.name}.v{version}.json" for topic in TOPICS for version in range(1, topic.version + 1)}
    assert {path.name for path in generate.FOLDER.glob("*.json")} == known


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_examples_decode_with_todays_code(example):
    """A message of every version ever released is read, and satisfies its own schema."""
    decoded = topic_of(example).decode(example.read_bytes())
    assert isinstance(decoded, Message)
    schema = json.loads((generate.FOLDER / f"{example.parent.name}.json").read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(json.loads(example.read_text("utf-8")))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_written_satisfies_the_schema(example):
    """Encoding a decoded example gives a message that the committed schema accepts."""
    topic = topic_of(example)
    written = topic.encode(topic.decode(example.read_bytes()))
    schema = json.loads(generate.path_of(topic).read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(json.loads(written))


def test_every_topic_has_examples_of_every_version():
    """No version of a topic is without a golden message."""
    folders = {f"{topic.name}.v{version}" for topic in TOPICS for version in range(1, topic.version + 1)}
    assert {example.parent.name for example in EXAMPLES} == folders


def test_readers_ignore_fields_they_do_not_know():
    """A field of a later version does not break today's reader."""
    example = json.loads((ROOT / "examples/articles.v1/revision.json").read_text("utf-8"))
    assert ARTICLES.decode(json.dumps(example | {"mood": "sunny"}).encode()).version == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"article_id": "XYZ"}, "regex"), ({"version": 0}, ">= 1"), ({"fetched_at": "2026-03-02T09:00:00"}, "timezone")],
)
def test_a_message_that_breaks_the_contract_is_refused(change, complaint):
    """A bad id, a version below 1 and a time without a zone do not pass."""
    example = json.loads((ROOT / "examples/articles.v1/revision.json").read_text("utf-8"))
    with pytest.raises(msgspec.ValidationError, match=complaint):
        ARTICLES.decode(json.dumps(example | change).encode())


def test_the_event_id_is_the_same_in_every_run_and_differs_between_fetches():
    """ce_id is a function of the identity fields alone."""
    page = FETCHED_PAGES.decode((ROOT / "examples/fetched-pages.v1/inline.json").read_bytes())
    other = msgspec.structs.replace(page, fetched_at=page.first_seen_at)
    same = msgspec.structs.replace(page, etag="another")
    assert FETCHED_PAGES.id_of(page) == FETCHED_PAGES.id_of(same) == "c3c9a941cd03b8df23418504c4387e55"
    assert FETCHED_PAGES.id_of(page) != FETCHED_PAGES.id_of(other)


def test_headers_follow_cloudevents_and_carry_the_trace_on():
    """Binary mode headers are complete, and a child span keeps its trace."""
    page = FETCHED_PAGES.decode((ROOT / "examples/fetched-pages.v1/inline.json").read_bytes())
    headers = read_headers(build_headers(FETCHED_PAGES, page, source="fetch", time="2026-03-02T09:15:00Z"))
    assert {"ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type", "traceparent"} == set(headers)
    child = child_traceparent(headers)
    assert child.split("-")[1] == headers["traceparent"].split("-")[1]
    assert child != headers["traceparent"]
    assert child_traceparent({"traceparent": "nonsense"}).startswith("00-")
