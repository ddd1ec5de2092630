"""The index templates on a real Elasticsearch."""

from __future__ import annotations

import json
import secrets
import time

import pytest
from click.testing import CliRunner

from newswire.commands import templates as templates_command
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import TemplateError, apply_templates, find_differences, sync_templates
from newswire.errors import ConfigError, Retry
from newswire.settings import Settings
from schemas.index_templates import build_templates

pytestmark = pytest.mark.servers


@pytest.fixture
def settings(server_settings):
    """Settings with an index prefix of its own, on which nothing stands before or after."""
    own = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}"})
    yield own
    with open_elasticsearch(own) as client:
        client.indices.delete(index=f"{own.index_prefix}-articles-2026.03", ignore_unavailable=True)
        lenient = client.options(ignore_status=404)
        lenient.indices.delete_index_template(name=f"{own.index_prefix}-*")
        lenient.cluster.delete_component_template(name=f"{own.index_prefix}-*")


@pytest.fixture
def client(settings):
    with open_elasticsearch(settings) as client:
        yield client


def names(differences):
    return [(difference.template.name, difference.word) for difference in differences]


def test_templates_are_applied_once(settings, client):
    """Everything is missing, then applied, then in place: the server gives back what it was given."""
    prefix = settings.index_prefix
    expected = [(template.name, "missing") for template in build_templates(prefix)]
    assert names(find_differences(client, prefix)) == expected
    assert names(sync_templates(settings)) == expected
    assert find_differences(client, prefix) == []
    assert sync_templates(settings) == []


def test_what_was_changed_on_the_server_is_shown_and_put_back(settings, client):
    """A hand-made change appears as a diff of that template alone, and the next apply mends it."""
    prefix = settings.index_prefix
    sync_templates(settings)
    (index_template,) = (t for t in build_templates(prefix) if t.name == f"{prefix}-articles")
    client.indices.put_index_template(name=index_template.name, body=index_template.body | {"priority": 3})
    (difference,) = find_differences(client, prefix)
    assert (difference.template.name, difference.word) == (f"{prefix}-articles", "differs")
    assert '-  "priority": 3,' in difference.lines()
    assert '+  "priority": 200,' in difference.lines()
    apply_templates(client, prefix)
    assert find_differences(client, prefix) == []


def put_older_component(client, prefix):
    """Give the server the article's mapping as it was before it had tags."""
    (component,) = (t for t in build_templates(prefix) if t.name == f"{prefix}-article")
    older = json.loads(component.text())
    del older["template"]["mappings"]["properties"]["tags"]
    client.cluster.put_component_template(name=component.name, body=older)


def test_a_new_field_reaches_the_months_that_exist(settings, client):
    """After an upgrade the strict mapping of the present month takes the new field at once."""
    prefix = settings.index_prefix
    sync_templates(settings)
    put_older_component(client, prefix)
    month = f"{prefix}-articles-2026.03"
    client.indices.create(index=month)
    apply_templates(client, prefix)
    mapping = client.indices.get_mapping(index=month)[month]["mappings"]
    assert mapping["properties"]["tags"]["type"] == "keyword"
    assert mapping["dynamic"] == "strict"


def test_an_index_that_cannot_follow_is_told_and_stays_a_difference(settings, client):
    """A field cannot change its type: the message tells which and the way out, and nothing looks applied."""
    prefix = settings.index_prefix
    sync_templates(settings)
    put_older_component(client, prefix)
    client.indices.create(index=f"{prefix}-articles-2026.03", mappings={"properties": {"title": {"type": "integer"}}})
    with pytest.raises(TemplateError, match=r"\[title\].*NEWSWIRE_INDEX_PREFIX"):
        sync_templates(settings)
    assert names(find_differences(client, prefix)) == [(f"{prefix}-article", "differs")]


def test_the_commands_tell_by_their_exit_code(settings, monkeypatch):
    """`diff` ends with 1 while something differs; `apply --json` lists what it changed."""
    monkeypatch.setattr(templates_command, "settings", lambda: settings)

    def run(*arguments):
        return CliRunner().invoke(templates_command.command, arguments)

    assert run("diff").exit_code == 1
    applied = run("apply", "--json")
    assert [change["was"] for change in json.loads(applied.output)] == ["missing"] * len(build_templates("x"))
    assert run("diff").output == "The server's templates are up to date.\n"
    assert run("diff").exit_code == 0
    assert run("apply").output == "The templates are up to date.\n"


def test_applying_waits_for_a_server_that_is_away():
    """A set-up job started beside Elasticsearch waits as long as it is told, then says what is missing."""
    began = time.monotonic()
    with pytest.raises(Retry, match="cannot be reached"):
        sync_templates(Settings(elasticsearch_url="http://127.0.0.1:9"), wait_seconds=0.5)
    assert 0.2 < time.monotonic() - began < 10


def test_the_embedded_server_says_that_it_is_no_full_cluster(settings):
    """Asking it for lifecycle policies is a clear message, and changes nothing."""
    with pytest.raises(ConfigError, match="leave --full-cluster out"):
        sync_templates(settings, is_full_cluster=True)
    with open_elasticsearch(settings) as client:
        assert {one.word for one in find_differences(client, settings.index_prefix)} == {"missing"}
