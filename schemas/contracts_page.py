"""Fills docs/contracts.md from the structs and topics.yml; what is written by hand is in contracts_template.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from schemas import bounds, dead_letters
from schemas.headers import COMMON_HEADERS, EVENT_HEADERS, TOMBSTONE_HEADERS
from schemas.schema_fields import Field, fields_of
from schemas.topics import COMPACTION_LAG_MS, TOMBSTONE_DAYS, TOPICS, Topic, dead_letters_of

FOLDER = Path(__file__).parent
NAMED_LIMITS = {"date-time": "time", "base64": "base64", "^[0-9a-f]{32}$": "id"}


def build_page() -> str:
    """Return the page."""
    text = (FOLDER / "contracts_template.md").read_text("utf-8")
    makers: dict[str, Callable[[], str]] = {
        "topics": _topics,
        "headers": _headers,
        "bounds": _bounds,
        "dead-letter-headers": _dead_letter_headers,
        "dead-letter-reasons": _dead_letter_reasons,
        "languages": _languages,
        "messages": _messages,
    }
    for name, make in makers.items():
        text = text.replace(f"<!-- {name} -->", make())
    return text


def _topics() -> str:
    rows = [
        (f"[`{topic.name}`](#{topic.name})", f"`{topic.key}`", topic.partitions, _kept(topic), *_people(topic))
        for topic in TOPICS
    ]
    letters = dead_letters_of("<stage>")
    kept = f"{letters.retention_days} days"
    rows.append(("`<stage>-dlq`", "as it came", letters.partitions, kept, "that stage", ", ".join(letters.read_by)))
    return _table(("topic", "key", "partitions", "kept", "written by", "read by"), rows)


def _people(topic: Topic[Any]) -> tuple[str, str]:
    readers = ["**services downstream**" if name == "downstream" else name for name in topic.readers]
    return ", ".join(topic.written_by), ", ".join(readers)


def _kept(topic: Topic[Any]) -> str:
    return "newest of a key" if topic.compacted else f"{topic.retention_days} days"


def _headers() -> str:
    rows = [(f"`{name}`", "all", says) for name, says in COMMON_HEADERS.items()]
    rows += [(f"`{name}`", "with a value", says) for name, says in EVENT_HEADERS.items()]
    rows += [(f"`{name}`", "tombstones", says) for name, says in TOMBSTONE_HEADERS.items()]
    return _table(("header", "on", "meaning"), rows)


def _bounds() -> str:
    rows = [
        ("a value, unpacked", f"{bounds.MAX_VALUE_BYTES:,} bytes"),
        ("all headers of a record", f"{bounds.MAX_HEADER_BYTES:,} bytes"),
        ("a time", f"from {bounds.EARLIEST:%Y-%m-%d} to before {bounds.LATEST:%Y-%m-%d}"),
        ("an id", f"{bounds.ID_CHARS} hex digits in lower case"),
        (_names(bounds.URL_FIELDS), f"{bounds.MAX_URL_CHARS:,} characters, no control characters"),
        (_names(bounds.NAME_FIELDS), f"{bounds.MAX_NAME_CHARS:,} characters, no control characters"),
        ("a list, an object of values by name", f"{bounds.MAX_ITEMS:,} items"),
        *((f"`{name}`", f"{limit:,}") for name, limit in bounds.COUNTERS.items()),
        ("any other integer", f"{bounds.MAX_INT:,}"),
    ]
    return _table(("what", "at most"), rows)


def _names(fields: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(fields))


def _dead_letter_headers() -> str:
    rows = [(f"`{name}`", "all", meaning) for name, meaning in dead_letters.DEAD_LETTER_HEADERS.items()]
    rows += [(f"`{name}`", "some", meaning) for name, meaning in dead_letters.RARE_DEAD_LETTER_HEADERS.items()]
    return _table(("header", "on", "meaning"), rows)


def _dead_letter_reasons() -> str:
    source = (FOLDER / "dead_letters.py").read_text("utf-8")
    meanings = dict(re.findall(r'^    "([a-z-]+)",  # (.+)$', source, re.MULTILINE))
    rows = [(f"`{reason}`", meanings[reason]) for reason in dead_letters.DEAD_LETTER_REASONS]
    return _table(("reason", "meaning"), rows)


def _languages() -> str:
    places = yaml.safe_load((FOLDER / "topics.yml").read_text("utf-8"))["language_partitions"]
    by_place: dict[int, list[str]] = {}
    for language, place in places.items():
        by_place.setdefault(place, []).append("all others" if language == "other" else language)
    return _table(("partition", "languages"), [(place, ", ".join(names)) for place, names in sorted(by_place.items())])


def _messages() -> str:
    return "\n\n".join(_message(topic) for topic in TOPICS)


def _message(topic: Topic[Any]) -> str:
    (root,), definitions = msgspec.json.schema_components((topic.message,), ref_template="#/$defs/{name}")
    fields = fields_of({**root, "$defs": definitions})
    order = {name: place for place, name in enumerate(topic.message.__struct_fields__)}
    shown = [field for field in fields.values() if not field.path.endswith(("[]", "*"))]
    shown.sort(key=lambda field: order[field.path.partition(".")[0]])
    name = f"{topic.name}.v{topic.version}"
    rows = [(f"`{field.path}`", _type(field, fields), _default(field), field.description) for field in shown]
    return "\n".join(
        [
            f"### {topic.name}",
            "",
            f"`{topic.message.__name__}`, version {topic.version}. {topic.description}",
            "",
            *(f"- {promise}" for promise in _promises(topic)),
            f"- [JSON Schema](../schemas/json/{name}.json), [examples](../schemas/examples/{name}).",
            "",
            _table(("field", "type", "if absent", "meaning"), rows),
        ]
    )


def _promises(topic: Topic[Any]) -> Iterable[str]:
    yield f"Key: `{topic.key}`, in {topic.partitions} partition{'s' if topic.partitions > 1 else ''}" + (
        ", placed by the table of languages." if topic.by_language else "."
    )
    yield f"The event id is made of {', '.join(f'`{name}`' for name in topic.identity)}."
    if topic.compacted:
        yield (
            "Compacted: the newest record of a key stays; what it replaces goes, after "
            f"{COMPACTION_LAG_MS // 60_000} minutes at the earliest. Tombstones stay {TOMBSTONE_DAYS} days."
        )
    else:
        yield f"Records stay {topic.retention_days} days."


def _type(field: Field, fields: dict[str, Field]) -> str:
    return " or ".join(dict.fromkeys(_kind(field, kind, fields) for kind in field.types))


def _kind(field: Field, kind: str, fields: dict[str, Field]) -> str:
    if kind == "array":
        return f"list of {_type(fields[f'{field.path}[]'], fields)}"
    if kind == "object" and (inner := fields.get(f"{field.path}.*")):
        return f"{_type(inner, fields)} by name"
    if field.values and kind != "null":
        return ", ".join(f"`{value}`" for value in field.values)
    named = (NAMED_LIMITS[limit] for limit in field.limits.values() if limit in NAMED_LIMITS)
    return kind if kind == "null" else next(named, kind)


def _default(field: Field) -> str:
    if field.is_required:
        return "always there"
    return f"`{msgspec.json.encode(field.default).decode()}`" if field.has_default else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "&#124;") for cell in line) + " |" for line in lines)
