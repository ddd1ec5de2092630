"""docs/contracts.md, docs/asyncapi.yaml and the schemas against the code and the official schema of AsyncAPI."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from schemas import generate
from schemas.asyncapi import build_document
from schemas.schema_fields import fields_of
from schemas.topics import TOPICS

VENDOR = Path(__file__).parent / "vendor"
OFFICIAL = gzip.decompress((VENDOR / "asyncapi-3.1.0.json.gz").read_bytes())


@pytest.mark.parametrize(("path", "text"), generate.documents().items(), ids=lambda each: getattr(each, "name", ""))
def test_what_is_generated_is_up_to_date(path, text):
    """`python -m schemas.generate` changes nothing."""
    assert path.read_text("utf-8") == text


def test_the_official_schema_is_the_one_that_was_published():
    """Nobody has edited it."""
    assert hashlib.sha256(OFFICIAL).hexdigest() in (VENDOR / "README.md").read_text("utf-8")


def test_the_description_satisfies_the_official_schema():
    """docs/asyncapi.yaml is a valid AsyncAPI 3.1 document."""
    document = yaml.safe_load((generate.DOCS / "asyncapi.yaml").read_text("utf-8"))
    assert document["asyncapi"] == "3.1.0"
    jsonschema_rs.validator_for(json.loads(OFFICIAL)).validate(document)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["channels"]["articles"]["bindings"]["kafka"].update(partitions=0),
        lambda d: d["operations"]["send-articles"].update(action="shout"),
        lambda d: d["components"]["schemas"]["Article"].update(type="newspaper"),
        lambda d: d["info"].pop("version"),
    ],
)
def test_the_official_schema_finds_mistakes(edit):
    """Validation is no formality: a planted mistake does not pass."""
    document = build_document()
    edit(document)
    assert not jsonschema_rs.validator_for(json.loads(OFFICIAL)).is_valid(document)


def test_every_reference_leads_somewhere():
    """The schema cannot see where a $ref leads; here each is followed."""
    document = build_document()
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)))
    assert references
    for reference in references:
        place = document
        for name in reference.split("/"):
            place = place[name]


def test_every_topic_is_described_with_its_writers_and_readers():
    """Channels and operations are those of topics.yml."""
    document = build_document()
    assert set(document["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        assert document["channels"][topic.name]["x-read-by"] == list(topic.readers)
        assert f"send-{topic.name}" in document["operations"]
        assert (f"receive-{topic.name}" in document["operations"]) == (set(topic.readers) != {"downstream"})


@pytest.mark.parametrize("message", build_document()["components"]["messages"].values(), ids=lambda each: each["name"])
def test_examples_satisfy_their_payload(message):
    """The payload's schema takes the example, with the components of the same document."""
    root = {**message["payload"], "components": build_document()["components"]}
    for example in message.get("examples", []):
        jsonschema_rs.validator_for(root).validate(example["payload"])


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_field_says_what_it_means(topic):
    """A field without a description is a riddle to whoever reads it downstream."""
    fields = fields_of(json.loads(generate.schema_of(topic)))
    silent = [path for path, field in fields.items() if not field.description and not path.endswith(("[]", "*"))]
    assert silent == []
