"""The headers of a record: CloudEvents 1.0 in Kafka's binary mode, and W3C trace context.

Specifications: CloudEvents Kafka protocol binding 1.0.2; W3C Trace Context.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from schemas.dead_letters import DeadLetterReason
from schemas.topics import Topic

M = TypeVar("M")
Headers = list[tuple[str, bytes]]
TYPE_PREFIX = "newswire"
_TYPE = re.compile(rf"{TYPE_PREFIX}\.(?P<message>\w+)\.v(?P<version>[1-9]\d{{0,8}})", re.ASCII)


def build_headers(
    topic: Topic[M], value: M | None, *, source: str, time: str, traceparent: str | None = None
) -> Headers:
    """Return a record's headers; `time` is RFC 3339, `source` names the writer. A tombstone (None) has no ce_id."""
    headers = {
        "ce_specversion": "1.0",
        "ce_type": f"{TYPE_PREFIX}.{topic.message.__name__}.v{topic.version}",
        "ce_source": f"newswire/{source}",
        "ce_time": time,
        "traceparent": traceparent or new_traceparent(),
    }
    if value is not None:
        headers |= {"ce_id": topic.id_of(value), "content-type": "application/json"}
    return [(name, text.encode()) for name, text in headers.items()]


def read_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return headers as text; the last of a name wins."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}


def find_type_fault(topic: Topic[Any], headers: Mapping[str, str]) -> tuple[DeadLetterReason, str] | None:
    """Return why a record's ce_type is not one that this release reads from the topic; None where it is, or is absent.

    Writers that send no CloudEvents headers are taken at their word: the value is checked all the same.
    """
    given = headers.get("ce_type")
    if given is None:
        return None
    message = topic.message.__name__
    found = _TYPE.fullmatch(given)
    if found is None or found["message"] != message:
        return "wrong-type", f"the record is a {given[:200]!r}; {topic.name} carries {TYPE_PREFIX}.{message}"
    if int(found["version"]) > topic.version:
        return "unknown-version", (
            f"the record is a {given}, and this release reads {TYPE_PREFIX}.{message} up to version {topic.version}: "
            f"upgrade to a release that reads version {found['version']}, then `newswire dlq retry`"
        )
    return None


def new_traceparent() -> str:
    """Return a fresh W3C trace context, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child_traceparent(headers: Mapping[str, Any]) -> str:
    """Continue the trace of a record's headers, or begin one."""
    parts = str(headers.get("traceparent", "")).split("-")
    if len(parts) != 4 or len(parts[1]) != 32:
        return new_traceparent()
    return f"00-{parts[1]}-{secrets.token_hex(8)}-01"
