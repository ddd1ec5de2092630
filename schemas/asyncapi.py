"""Builds the AsyncAPI 3.1 description of the topics, docs/asyncapi.yaml; `python -m schemas.generate` writes it."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import yaml

from schemas.envelope import TYPE_PREFIX
from schemas.headers import COMMON_HEADERS, EVENT_HEADERS, TOMBSTONE_HEADERS
from schemas.topics import TOPICS, Topic

SPECIFICATION = "3.1.0"
BINDING = "0.5.0"
EXAMPLES = Path(__file__).parent / "examples"
DESCRIPTION = (
    "News articles, each once, clean, dated and tied to its copies and its story. docs/contracts.md says what a reader "
    "may rely on. Where the pipeline has a topic prefix, it stands before every address."
)

Document = dict[str, Any]


def build_document() -> Document:
    """Return the whole description as plain data."""
    _, schemas = msgspec.json.schema_components(
        [topic.message for topic in TOPICS], ref_template="#/components/schemas/{name}"
    )
    whole = {
        "asyncapi": SPECIFICATION,
        "info": {
            "title": "Newswire",
            "version": version("newswire"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic).items()},
        "components": {
            "messages": {name: message for topic in TOPICS for name, message in _messages(topic).items()},
            "schemas": {
                "EventHeaders": _header_schema(COMMON_HEADERS | EVENT_HEADERS, {}),
                "TombstoneHeaders": _header_schema(COMMON_HEADERS, TOMBSTONE_HEADERS),
                **schemas,
            },
        },
    }
    return json.loads(json.dumps(whole))  # type: ignore[no-any-return] # a copy of each shared part: YAML would use anchors


def to_yaml(document: Document) -> str:
    """Return the description as a file's text."""
    head = "# Written by `python -m schemas.generate`.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _server() -> Document:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "`newswire status` shows the address of an embedded broker.",
        "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "NEWSWIRE_KAFKA_BOOTSTRAP"}},
    }


def _channel(topic: Topic[Any]) -> Document:
    kept = {name: [value] if name == "cleanup.policy" else int(value) for name, value in topic.kept().items()}
    binding = {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": kept}
    return {
        "address": topic.name,
        "description": topic.description,
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(topic)},
        "bindings": {"kafka": binding | {"bindingVersion": BINDING}},
        "x-written-by": list(topic.written_by),
        "x-read-by": list(topic.readers),
    }


def _operations(topic: Topic[Any]) -> dict[str, Document]:
    """Newswire sends what its parts write, and receives what its parts read."""
    operations = {"send": topic.written_by, "receive": [name for name in topic.readers if name != "downstream"]}
    return {
        f"{action}-{topic.name}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.name}"},
            "summary": f"{', '.join(parts)}: {topic.description}",
            "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in _messages(topic)],
        }
        for action, parts in operations.items()
        if parts
    }


def _messages(topic: Topic[Any]) -> dict[str, Document]:
    name = topic.message.__name__
    binding = {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": BINDING}}
    example = min((EXAMPLES / f"{topic.name}.v{topic.version}").glob("*.json"))
    message = {
        "name": f"{TYPE_PREFIX}.{name}.v{topic.version}",
        "summary": topic.description,
        "headers": {"$ref": "#/components/schemas/EventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": binding,
        "examples": [{"name": example.stem, "payload": json.loads(example.read_text("utf-8"))}],
    }
    if not topic.compacted:
        return {name: message}
    tombstone = {
        "name": f"{TYPE_PREFIX}.{name}.v{topic.version} tombstone",
        "summary": "What the key names is taken down.",
        "headers": {"$ref": "#/components/schemas/TombstoneHeaders"},
        "payload": {"type": "null"},
        "bindings": binding,
    }
    return {name: message, f"{name}Tombstone": tombstone}


def _header_schema(always: dict[str, str], sometimes: dict[str, str]) -> Document:
    properties = {name: {"type": "string", "description": says} for name, says in (always | sometimes).items()}
    return {"type": "object", "required": list(always), "properties": properties}
