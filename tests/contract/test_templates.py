"""The index templates against their definition, the messages and what the embedded server has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import schemas
from consumers.index.documents import build_document, build_revisions
from newswire.elastic.client import MONTHLY
from newswire.elastic.retention import months_kept
from newswire.search.clauses import EXACT_FIELDS, PHRASE_FIELDS, match_fields
from newswire.search.results import FoundArticle
from newswire.settings import Settings
from schemas.analyzers import ANALYZERS, SUFFIXES
from schemas.full_cluster import FULL_CLUSTER, MONTHS_KEPT, build_full_cluster, committed
from schemas.index_fields import ARTICLE_FIELDS, DERIVED_FIELDS, LANGUAGE_FIELDS, REVISION_FIELDS
from schemas.index_templates import FOLDER, PREFIX, build_templates
from schemas.messages import Article
from schemas.topics import ARTICLES

# What the embedded server has of types; x-pack's and the modules' others would break it.
SERVER_TYPES = {"keyword", "text", "date", "boolean", "integer", "long", "float", "object"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXAMPLE = Path(schemas.__file__).parent / "examples/articles.v1/revision.json"
ALL_FIELDS = ARTICLE_FIELDS | DERIVED_FIELDS | LANGUAGE_FIELDS | REVISION_FIELDS


def article(**changes) -> Article:
    return msgspec.structs.replace(ARTICLES.decode(EXAMPLE.read_bytes()), **changes)


@pytest.mark.parametrize("template", committed(), ids=lambda template: template.path().stem)
def test_the_committed_template_is_what_the_code_says(template):
    """`newswire templates write` changes nothing."""
    assert template.path().read_text("utf-8") == template.text()


def test_no_committed_template_is_unused():
    """Every file in schemas/elasticsearch is one of ours."""
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == {template.path() for template in committed()}


def test_every_field_of_an_article_is_in_the_mapping():
    """The mapping is strict: a field of the message without a place would refuse every document."""
    assert set(ARTICLE_FIELDS) == set(Article.__struct_fields__)


def test_every_field_of_the_mapping_is_filled():
    """Nothing is mapped that no document has: all languages and a revision together use all fields."""
    languages = ["en", *SUFFIXES, *ANALYZERS]
    full = {
        "heading": "h", "modified_at": NOW, "site_name": "s", "image": "i", "summary": "s", "is_paywalled": False,
        "allows_ai_use": True, "country": "GB", "copy_of": "0" * 32, "copy_tier": "exact",
    }  # fmt: skip
    documents = [build_document(article(language=language, **full), NOW) for language in languages]
    revisions = build_revisions([article(version=1), article(version=2)], {}, NOW)
    assert {name for document in [*documents, *revisions.values()] for name in document} == set(ALL_FIELDS)


@pytest.mark.parametrize("template", build_templates(PREFIX), ids=lambda template: template.name)
def test_templates_use_only_features_of_the_server_itself(template):
    """Field types and analysis exist in the embedded server too; codecs and lifecycle policies do not stand here."""
    body = template.body["template"]
    for field in body.get("mappings", {}).get("properties", {}).values():
        assert field.get("type", "object") in SERVER_TYPES
    assert "codec" not in json.dumps(body)
    assert "lifecycle" not in json.dumps(body)


def test_search_asks_only_for_fields_that_exist():
    """A misspelt field would silently find nothing."""
    searched = {field.split("^")[0] for field in (*EXACT_FIELDS, *PHRASE_FIELDS)}
    known = set(ALL_FIELDS) | {"authors.words", "tags.words"}
    assert searched | {*match_fields("title"), *match_fields("body")} <= known
    assert set(FoundArticle.__struct_fields__) <= known


def test_every_prefix_has_templates_of_its_own():
    """Two pipelines on one cluster share nothing, not even where one prefix begins like the other."""
    names = [{template.name for template in build_templates(prefix)} for prefix in ("news", "news-two")]
    assert not names[0] & names[1]
    patterns = [template.body["index_patterns"] for template in build_templates("news") if template.kind == "index"]
    assert patterns[0] == ["news-articles-*"]


def test_the_full_cluster_only_adds():
    """A field keeps its type and its own forms there; a part is named by the index template that takes it up."""
    known = {template.name: template for template in build_templates(PREFIX)}
    properties = known[f"{PREFIX}-article"].body["template"]["mappings"]["properties"]
    for part in (one for one in committed() if one.folder == FULL_CLUSTER and one.kind == "component"):
        for name, field in part.body["template"].get("mappings", {}).get("properties", {}).items():
            forms = field.pop("fields")
            plain = dict(properties[name])
            assert forms.items() >= plain.pop("fields", {}).items()
            assert field == plain
        users = [one for one in known.values() if part.name in one.body.get("composed_of", ())]
        assert [part.name in one.body["ignore_missing_component_templates"] for one in users] == [True]


def test_policies_keep_what_the_settings_say():
    """The committed ones are those of the defaults; for ever has no end; each index names the policy of its kind."""
    kept = {kind: months_kept(Settings(_env_file=None), kind) for kind in MONTHLY}
    assert kept == MONTHS_KEPT
    policies = {one.name: one.body["phases"] for one in build_full_cluster("news", kept) if one.kind == "policy"}
    assert policies["news-fetches"]["delete"]["min_age"] == "124d"
    assert "delete" not in policies["news-articles"]
    named = {one.body["template"]["settings"]["index"]["lifecycle"]["name"] for one in build_full_cluster("news", kept)
             if one.kind == "component"}  # fmt: skip
    assert named == set(policies)
