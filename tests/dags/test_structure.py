"""What every DAG must have, whatever the sources are."""

from __future__ import annotations

import ast
import json
import socket
import sys
import time
from pathlib import Path

import pytest

DAGS = Path(__file__).parents[2] / "dags"
FILES = sorted(DAGS.glob("*.py"))


def write_source(folder, name, **values):
    values = {"title": f"The {name}", "owner": "tests", "feeds": [f"http://{name}.example/feed.xml"]} | values
    (folder / f"{name}.yml").write_text(json.dumps(values), "utf-8")  # JSON is YAML


@pytest.fixture
def sources(tmp_path, use_settings):
    """Sources in two of three tiers, one of them disabled."""
    write_source(tmp_path, "alder", tier="15m")
    write_source(tmp_path, "birch", tier="15m", hosts=["birch.example", "news.birch.example"])
    write_source(tmp_path, "cedar", tier="daily")
    write_source(tmp_path, "dormant", tier="hourly", enabled=False)
    use_settings(sources_dirs=tmp_path)
    return tmp_path


@pytest.fixture
def bag(sources, read_dags):
    return read_dags()


def mapped(dag, task_id):
    """Return what a mapped task is mapped over."""
    (batches,) = dag.get_task(task_id).op_kwargs_expand_input.value.values()
    return batches


def test_there_is_a_dag_for_each_tier_with_enabled_sources(bag):
    """Sources make DAGs: one a tier that has any, the one that crawls on request, and the upkeep of the indexes."""
    assert bag.import_errors == {}
    assert sorted(bag.dags) == ["crawl_15m", "crawl_daily", "crawl_source", "retention"]


def test_tasks_are_mapped_by_source_and_by_host(bag):
    """Each source is discovered and each host is fetched by one task of its own."""
    tier = bag.dags["crawl_15m"]
    assert [batch["members"] for batch in mapped(tier, "discover")] == [["alder"], ["birch"]]
    assert [batch["members"] for batch in mapped(tier, "fetch")] == [
        ["alder.example"],
        ["birch.example"],
        ["news.birch.example"],
    ]
    assert mapped(tier, "discover")[0]["label"] == "The alder"


def test_the_form_offers_the_enabled_sources_by_title(bag):
    """The form's list holds what can be crawled and nothing else."""
    schema = bag.dags["crawl_source"].params.get_param("sources").schema
    assert schema["examples"] == ["alder", "birch", "cedar"]
    assert schema["values_display"]["cedar"] == "The cedar"


def test_every_dag_is_documented_owned_and_bounded(bag):
    """Somebody who sees a red run in the UI finds what it is, whose it is, and knows that it ends."""
    for dag in bag.dags.values():
        assert len(dag.doc_md) > 200, dag.dag_id
        assert dag.dag_display_name != dag.dag_id
        assert "newswire" in dag.tags
        assert dag.catchup is False
        assert dag.max_active_runs <= 4
        for task in dag.tasks:
            assert task.owner == "newsdesk", task.task_id
            assert task.retries >= 2
            assert task.retry_exponential_backoff
            assert task.execution_timeout.total_seconds() <= 600
            assert task.task_display_name != task.task_id


def test_every_pool_exists(bag):
    """A task whose pool is missing would wait indefinitely."""
    pools = {"default_pool", *json.loads((DAGS / "pools.json").read_text("utf-8"))}
    assert {task.pool for dag in bag.dags.values() for task in dag.tasks} <= pools


def test_ticks_keep_off_the_full_hour(bag):
    """No tier starts at minute 0, when every other crawler of the world does, and no two tiers at once."""
    minutes = [set(minutes_of(dag.timetable.expression)) for dag in bag.dags.values() if dag.dag_id != "crawl_source"]
    assert all(0 not in each for each in minutes)
    assert not set.intersection(*minutes)


def minutes_of(cron):
    span, _, step = cron.split()[0].partition("/")
    first, _, last = span.partition("-")
    return range(int(first), int(last or first) + 1, int(step or 1))


def test_a_broken_source_stops_only_itself_and_is_named(sources, read_dags, capfd):
    """A file with an error costs its own source, and both the log and the UI say which and why."""
    (sources / "alder.yml").write_text("title: [", "utf-8")
    (sources / "maple.yml").write_text("title: Maple", "utf-8")
    bag = read_dags()
    assert bag.import_errors == {}
    assert [batch["members"] for batch in mapped(bag.dags["crawl_15m"], "discover")] == [["birch"]]
    logged = "".join(capfd.readouterr())
    for dag in (dag for dag in bag.dags.values() if "crawl" in dag.tags):
        assert "`alder.yml`: not valid YAML" in dag.doc_md
        assert "`maple.yml`" in dag.doc_md
        assert "owner" in dag.doc_md
    assert "airflow.source_skipped" in logged
    assert "alder.yml" in logged


def test_without_any_source_the_form_still_exists(tmp_path, use_settings, read_dags):
    """A fresh installation has no tier, and no import error."""
    use_settings(sources_dirs=tmp_path)
    bag = read_dags()
    assert bag.import_errors == {}
    assert sorted(bag.dags) == ["crawl_source", "retention"]


def test_many_sources_share_fifty_tasks(tmp_path, use_settings, read_dags):
    """However many sources a tier has, its grid stays readable and the scheduler keeps up; none is lost."""
    for number in range(120):
        write_source(tmp_path, f"s{number:03}", tier="hourly")
    use_settings(sources_dirs=tmp_path)
    tier = read_dags().dags["crawl_hourly"]
    for task_id in ("discover", "fetch"):
        batches = mapped(tier, task_id)
        assert len(batches) == 50
        assert len({member for batch in batches for member in batch["members"]}) == 120
        assert max(len(batch["members"]) for batch in batches) == 3


def test_reading_the_dags_touches_no_network(sources, read_dags, monkeypatch):
    """The DAG processor reads these files every half minute: no server is asked."""

    def refuse(*args, **kwargs):
        raise AssertionError("a DAG file opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert read_dags().import_errors == {}


def test_reading_the_dags_is_cheap(bag, sources, read_dags):
    """Every task reads its DAG file first: half a CPU second is the budget for all files together, once imported."""
    began = time.process_time()
    read_dags()
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_dag_files_hold_wiring_only(path):
    """A DAG file imports Airflow, newswire, schemas and the standard library, and defines no classes."""
    tree = ast.parse(path.read_text("utf-8"))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert modules - sys.stdlib_module_names <= {"airflow", "newswire", "schemas"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert len(path.read_text("utf-8").splitlines()) <= 100
