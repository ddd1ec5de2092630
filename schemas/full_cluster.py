"""What a full Elasticsearch cluster does beyond the embedded server: lifecycle policies, smaller indexes, more fields.

`newswire templates apply --full-cluster` brings it there; the index templates take these parts up where they exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from schemas.index_fields import ARTICLE_FIELDS
from schemas.index_templates import FOLDER, MONTHLY_KINDS, PREFIX, Template, build_templates, full_cluster_part

FULL_CLUSTER: Final = FOLDER / "full-cluster"
MONTHS_KEPT: Final = {"articles": 0, "revisions": 0, "fetches": 3, "dead-letters": 3, "alerts": 0}
PACK_AFTER: Final = "40d"  # of an index's first day: the month is over, and corrections have become rare
DAYS_OF_MONTH: Final = 31
# field -> its further forms: completion while typing, and addresses by any part of them
MORE_FORMS: Final[dict[str, dict[str, Any]]] = {
    "title": {"typed": {"type": "search_as_you_type"}},
    "url": {"pattern": {"type": "wildcard"}},
    "canonical_url": {"pattern": {"type": "wildcard"}},
}


def build_full_cluster(prefix: str, months_kept: Mapping[str, int]) -> tuple[Template, ...]:
    """Return the policies and component templates, policies first; `months_kept` by kind, 0 is forever."""
    policies = [_policy(prefix, kind, months_kept[kind]) for kind in MONTHLY_KINDS]
    return (*policies, *(_part(prefix, kind) for kind in MONTHLY_KINDS))


def committed() -> tuple[Template, ...]:
    """Return all files of schemas/elasticsearch, for the usual prefix and the settings' defaults."""
    return (*build_templates(PREFIX), *build_full_cluster(PREFIX, MONTHS_KEPT))


def write_files() -> list[Path]:
    """Write the committed files and return their paths."""
    for template in committed():
        template.path().parent.mkdir(exist_ok=True)
        template.path().write_text(template.text(), encoding="utf-8")
    return [template.path() for template in committed()]


def _policy(prefix: str, kind: str, months: int) -> Template:
    phases: dict[str, Any] = {
        "hot": {"min_age": "0ms", "actions": {}},
        "warm": {"min_age": PACK_AFTER, "actions": {"forcemerge": {"max_num_segments": 1}}},
    }
    if months:
        age = f"{(months + 1) * DAYS_OF_MONTH}d"
        phases["delete"] = {"min_age": age, "actions": {"delete": {"delete_searchable_snapshot": True}}}
    return Template("policy", f"{prefix}-{kind}", {"phases": phases}, FULL_CLUSTER)


def _part(prefix: str, kind: str) -> Template:
    settings = {"codec": "best_compression", "lifecycle": {"name": f"{prefix}-{kind}"}}
    template: dict[str, Any] = {"settings": {"index": settings}}
    if kind in {"articles", "revisions"}:
        template["mappings"] = {"properties": {name: _with_forms(name) for name in MORE_FORMS}}
    return Template("component", full_cluster_part(prefix, kind), {"template": template}, FULL_CLUSTER)


def _with_forms(name: str) -> dict[str, Any]:
    """Return a field whole: a later component replaces the definition of an earlier one."""
    field: dict[str, Any] = ARTICLE_FIELDS[name].to_dict()
    return field | {"fields": {**field.get("fields", {}), **MORE_FORMS[name]}}
