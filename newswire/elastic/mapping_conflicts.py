"""Distinguishes an index whose mapping is not ours from a document that no index would take."""

from __future__ import annotations

import re
from functools import cache

from schemas import index_fields

_FAILED_FIELD = re.compile(r"failed to parse field \[(?P<name>[^\]]+)\] of type \[(?P<type>[^\]]+)\]")
_FAILED_OBJECT = re.compile(r"object mapping for \[[^\]]+\] tried to parse field|mapper \[[^\]]+\] cannot be changed")


def is_mapping_conflict(detail: str) -> bool:
    """Tell from Elasticsearch's error whether the index has another type for a field than our templates give it.

    Such an index was made before the templates or by somebody else: every document waits until it is put right.
    """
    if _FAILED_OBJECT.search(detail):
        return True
    failed = _FAILED_FIELD.search(detail)
    if failed is None:
        return False
    expected = _types_of_fields().get(failed["name"])
    return expected is not None and failed["type"] not in expected


@cache
def _types_of_fields() -> dict[str, set[str]]:
    types: dict[str, set[str]] = {}
    for name, fields in vars(index_fields).items():
        if name.endswith("_FIELDS"):
            for field, kind in fields.items():
                types.setdefault(field, set()).add(kind.to_dict()["type"])
    return types
