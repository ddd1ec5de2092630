"""Write what is made from the structs and topics.yml: `python -m schemas.generate`; a test fails when it differs.

JSON Schemas (schemas/json), docs/asyncapi.yaml and docs/contracts.md. After a merge, run it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from schemas.asyncapi import build_document, to_yaml
from schemas.contracts_page import build_page
from schemas.topics import TOPICS, Topic

FOLDER = Path(__file__).parent / "json"
DOCS = Path(__file__).parents[1] / "docs"
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


def documents() -> dict[Path, str]:
    """Return every file that is generated, with its text."""
    return {path_of(topic): schema_of(topic) for topic in TOPICS} | {
        DOCS / "asyncapi.yaml": to_yaml(build_document()),
        DOCS / "contracts.md": build_page(),
    }


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
