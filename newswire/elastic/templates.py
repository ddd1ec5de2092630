"""Keeps the server's index templates equal to ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import stamina
from elasticsearch import BadRequestError, Elasticsearch

from newswire.elastic.client import MONTHLY, elastic_outages_as_retry, open_elasticsearch
from newswire.elastic.retention import months_kept
from newswire.errors import ConfigError, NewswireError, Retry
from newswire.settings import Settings
from schemas.full_cluster import build_full_cluster
from schemas.index_templates import Template, build_templates


class TemplateError(NewswireError):
    """The server refuses a template, or an existing index cannot follow it."""


@dataclass(frozen=True, slots=True)
class TemplateDifference:
    """What the server has instead of one of our templates; `found` is None where it has nothing."""

    template: Template
    found: dict[str, Any] | None

    @property
    def word(self) -> str:
        """Return the difference in one word."""
        return "missing" if self.found is None else "differs"

    def lines(self) -> list[str]:
        """Return the way from the server's to ours as a unified diff."""
        found = "" if self.found is None else json.dumps(self.found, indent=2, sort_keys=True)
        name = self.template.name
        return list(unified_diff(found.splitlines(), self.template.text().splitlines(), "server", name, lineterm=""))


def sync_templates(
    settings: Settings, *, wait_seconds: float = 60.0, is_full_cluster: bool = False
) -> list[TemplateDifference]:
    """Apply the templates, waiting for the server; return what was different.

    Raises Retry when the server stays unavailable, ConfigError or TemplateError when it refuses.
    """
    patience = stamina.retry_context(on=Retry, attempts=None, timeout=wait_seconds, wait_initial=0.2, wait_max=2.0)
    with open_elasticsearch(settings) as client:
        for attempt in patience:
            with attempt, elastic_outages_as_retry():
                more = full_cluster_templates(client, settings) if is_full_cluster else ()
                return apply_templates(client, settings.index_prefix, more)
    raise AssertionError("a retry context ends with a return or an error")


def full_cluster_templates(client: Elasticsearch, settings: Settings) -> tuple[Template, ...]:
    """Return the templates beyond those of the embedded server; raises ConfigError if this is one."""
    try:
        client.ilm.get_status()
    except BadRequestError as error:
        raise ConfigError(
            f"Elasticsearch at {settings.elasticsearch_url} has no lifecycle policies, like the embedded one; "
            "leave --full-cluster out: the DAG `retention` deletes and packs instead"
        ) from error
    return build_full_cluster(settings.index_prefix, {kind: months_kept(settings, kind) for kind in MONTHLY})


def find_differences(client: Elasticsearch, prefix: str, more: Sequence[Template] = ()) -> list[TemplateDifference]:
    """Return the templates that are missing or different on the server; `more` are those of a full cluster."""
    found = [(template, _read(client, template)) for template in (*more, *build_templates(prefix))]
    return [TemplateDifference(template, body) for template, body in found if body != template.body]


def apply_templates(client: Elasticsearch, prefix: str, more: Sequence[Template] = ()) -> list[TemplateDifference]:
    """Write our templates to the server and new fields to the existing months; return what was different.

    Raises TemplateError when the server refuses.
    """
    differences = find_differences(client, prefix, more)
    try:
        for difference in differences:
            _extend_mappings(client, difference.template, prefix)  # first: a refusal must show again in the next diff
            _write(client, difference.template)
    except BadRequestError as error:
        raise TemplateError(
            f"Elasticsearch refuses the templates of {prefix}: {error.info['error']['reason']}. Where a month's index "
            "cannot follow (a field keeps its type), choose another NEWSWIRE_INDEX_PREFIX and replay the topic articles"
        ) from error
    return differences


class TemplateGate:
    """Lets a stage write only once the server has the templates; once they exist, it checks no more.

    `prepare` is called once then, before the stage writes anything.
    """

    def __init__(self, client: Elasticsearch, prefix: str, prepare: Callable[[], object] | None = None) -> None:
        self._client = client
        self._prefix = prefix
        self._prepare = prepare
        self._is_open = False

    def require(self) -> None:
        """Raise Retry while a template is missing."""
        if not self._is_open:
            require_templates(self._client, self._prefix)
            if self._prepare:
                self._prepare()
            self._is_open = True


def require_templates(client: Elasticsearch, prefix: str) -> None:
    """Raise Retry while a template is missing: an index created without it would guess its mapping."""
    missing = [template.name for template in build_templates(prefix) if _read(client, template) is None]
    if missing:
        raise Retry(f"Elasticsearch has no template {', '.join(missing)}; run `newswire templates apply`")


def _read(client: Elasticsearch, template: Template) -> dict[str, Any] | None:
    lenient = client.options(ignore_status=404)
    if template.kind == "policy":
        policy = lenient.ilm.get_lifecycle(name=template.name).get(template.name, {}).get("policy")
        return policy and {"phases": policy["phases"]}
    if template.kind == "component":
        answer = lenient.cluster.get_component_template(name=template.name)
    else:
        answer = lenient.indices.get_index_template(name=template.name)
    for entry in answer.get(f"{template.kind}_templates", ()):
        # The server adds dates and defaults: what our template does not set does not count.
        return {key: value for key, value in entry[f"{template.kind}_template"].items() if key in template.body}
    return None


def _write(client: Elasticsearch, template: Template) -> None:
    if template.kind == "policy":
        client.ilm.put_lifecycle(name=template.name, policy=template.body)
        return
    put = client.cluster.put_component_template if template.kind == "component" else client.indices.put_index_template
    put(name=template.name, body=template.body)


def _extend_mappings(client: Elasticsearch, changed: Template, prefix: str) -> None:
    mappings = changed.body.get("template", {}).get("mappings")
    lenient = client.options(ignore_status=404)  # no month exists yet
    for template in build_templates(prefix):
        if mappings and changed.name in template.body.get("composed_of", ()):
            lenient.indices.put_mapping(index=template.body["index_patterns"], properties=mappings["properties"])
