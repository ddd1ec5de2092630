"""The cached home and ahead-of-time cache of Elasticsearch follow the sources that are compiled into them."""

from __future__ import annotations

import shutil

import pytest

from newswire.stack import elasticsearch_home
from newswire.stack.aot import aot_cache
from newswire.stack.elasticsearch_home import PLUGINS, SOURCES, home_path


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A copy of the Java sources that a test may change."""
    copy = tmp_path / "java"
    shutil.copytree(SOURCES, copy)
    monkeypatch.setattr(elasticsearch_home, "SOURCES", copy)
    return copy


@pytest.mark.parametrize("name", sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.java")))
def test_a_changed_source_builds_another_home(tmp_path, sources, name):
    """Neither the old classes nor a cache of theirs are used; unchanged sources keep both."""
    before = home_path(tmp_path), aot_cache("elasticsearch", tmp_path)
    assert (home_path(tmp_path), aot_cache("elasticsearch", tmp_path)) == before

    (sources / name).write_text((sources / name).read_text("utf-8") + "// changed\n", "utf-8")

    assert home_path(tmp_path) != before[0]
    assert aot_cache("elasticsearch", tmp_path) != before[1]


def test_every_plugin_has_its_class_where_its_sources_are():
    """The table of plugins names classes that exist."""
    for _, main_class, folder in PLUGINS.values():
        path = SOURCES / "newswire/es" / f"{main_class.replace('.', '/')}.java"
        assert path.exists()
        assert path.parent == SOURCES / folder
