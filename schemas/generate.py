"""Write the committed JSON Schemas from the structs: `python -m schemas.generate`; a test fails when they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from schemas.topics import TOPICS, Topic

FOLDER = Path(__file__).parent / "json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def path_of(topic: Topic[Any]) -> Path:
    """Return the file of a topic's present schema."""
    return FOLDER / f"{topic.name}.v{topic.version}.json"


def schema_of(topic: Topic[Any]) -> str:
    """Return the JSON Schema of a topic's message as text, keys sorted."""
    (root,), definitions = msgspec.json.schema_components((topic.message,), ref_template="#/$defs/{name}")
    whole = {
        "$schema": DIALECT,
        "title": topic.message.__name__,
        "description": topic.description,
        **root,
        "$defs": definitions,
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for topic in TOPICS:
        path_of(topic).write_text(schema_of(topic), encoding="utf-8")


if __name__ == "__main__":
    main()
