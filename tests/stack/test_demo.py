"""The demo through the real Airflow scheduler, everything killed once on the way; the tests build on each other."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
from collections import defaultdict

import psutil
import pytest
import yaml
from elasticsearch import helpers

from consumers import cluster, dedupe
from newswire.demo.press.content import read_press
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.kafka.lag import read_lag
from newswire.kafka.reader import count_records, read_topic
from newswire.runtime.decoded_batch import decode
from newswire.stack.report import read_report
from schemas.envelope import read_headers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
MOMENTS = {"indexed_at", "searchable_at", "seconds_to_searchable", "seconds_from_publication"}
VICTIMS = ("parse-1", "dedupe", "cluster", "index", "kafka", "elasticsearch", "postgres", "airflow-scheduler")


def _if_ready(service):
    return service if service["state"] == "ready" and service["pid"] else None


def kill(product, wait_for, name):
    """Kill a service without a word, and wait until the supervisor has it up again.

    It may just be starting again by itself, as Airflow's scheduler does where its database was killed before.
    """
    before = wait_for(lambda: _if_ready(product.service(name)), f"{name} to be ready")
    os.kill(before["pid"], signal.SIGKILL)

    def is_back():
        now = product.service(name)
        return now["restarts"] > before["restarts"] and now["state"] == "ready"

    wait_for(is_back, f"{name} to come back")


@pytest.fixture(scope="module")
def killed_demo(product, wait_for):
    """One demo, during which every part was killed once; its outcome as JSON.

    It finds a stack without the press, as `make up` leaves it, and starts it again with the press.
    """
    assert product.command("up", "--only", "postgres").returncode == 0
    demo = product.start("demo", "run", "--json")

    def is_up_with_press():
        report = read_report(product.state_dir)
        return report.get("state") == "up" and "press" in report["services"]

    wait_for(lambda: is_up_with_press() or demo.poll() is not None, "the stack", 300)
    wait_for(lambda: product.count_fetched() > 5 or demo.poll() is not None, "the first pages", 200)
    try:
        for name in VICTIMS:
            assert demo.poll() is None, demo.communicate()
            kill(product, wait_for, name)
        out, err = demo.communicate(timeout=500)
    finally:
        demo.kill()  # nothing if it has ended
        demo.communicate()
    assert out, err
    assert "The stack runs without the demo press" in err
    return json.loads(out)


def test_what_the_press_published_is_what_is_searchable_whatever_was_killed(killed_demo):
    """A kill -9 of stages, Kafka, Elasticsearch, PostgreSQL and the scheduler loses nothing and doubles nothing.

    Every copy is grouped with its original, and every article is in its story, as the press has it.
    """
    assert killed_demo["differences"] == []
    assert killed_demo["is_exact"]


def test_every_outlet_has_its_row(killed_demo):
    """The table accounts for each outlet, and what was discovered has ended."""
    assert set(killed_demo["outlets"]) == set(read_press().outlets)
    for source, tally in killed_demo["outlets"].items():
        assert tally["discovered"] == tally["parsed"] + sum(tally["ends"].values()), source


def test_all_of_it_is_up(killed_demo, product):
    """Status says so by its exit code, and the stages have nothing left to do."""
    status = product.command("status", "--json")
    assert status.returncode == 0, status.stdout
    assert set(json.loads(status.stdout)["lag"].values()) == {0}


def sockets_of(process):
    """What a process has open; a task of Airflow may end between being listed and being asked."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.net_connections("inet")
    return []


def test_everything_listens_on_loopback_only(killed_demo, product):
    """No process of the stack can be reached from another machine."""
    report = read_report(product.state_dir)
    roots = [psutil.Process(service["pid"]) for service in report["services"].values() if service["pid"]]
    family = [process for root in roots for process in (root, *root.children(recursive=True))]
    listening = {
        socket.laddr.ip for process in family for socket in sockets_of(process) if socket.status == psutil.CONN_LISTEN
    }
    assert listening
    assert all(address.startswith(("127.", "::1", "::ffff:127.")) for address in listening), listening


def test_no_host_was_asked_faster_than_its_pace(killed_demo, product):
    """The press's own log: two requests of the crawler to one outlet keep the distance, over all runs and kills."""
    pace = {
        source["feeds" if "feeds" in source else "sitemaps"][0].split("/")[2]: source["delay_seconds"]
        for path in (product.state_dir / "demo/sources").glob("*.yml")
        for source in [yaml.safe_load(path.read_text("utf-8"))]
    }
    asked = defaultdict(list)
    for line in product.access_log():
        asked[line["host"]].append(line["monotonic"])
    assert set(asked) == set(pace)
    for host, times in asked.items():
        # The server notes when it answers, the crawler keeps the distance when it sends: allow for the way between.
        gaps = [later - earlier for earlier, later in zip(sorted(times), sorted(times)[1:], strict=False)]
        too_fast = sum(gap < pace[host] * 0.5 for gap in gaps)
        assert too_fast <= len(gaps) * 0.1, (host, pace[host], sorted(gaps)[:10])


def test_what_robots_forbid_was_never_asked_for(killed_demo, product):
    """No request went to a path that an outlet's robots.txt forbids."""
    assert not [line for line in product.access_log() if str(line["path"]).startswith("/private/")]


def test_a_second_run_finds_nothing_new(killed_demo, product):
    """Crawled again, the same press gives the same index and not one more article version."""
    before = count_records(product.settings, ["articles", "indexed-articles"])
    again = product.command("demo", "run", "--json", timeout_seconds=400)
    assert again.returncode == 0, again.stdout + again.stderr
    assert count_records(product.settings, ["articles", "indexed-articles"]) == before


def decide_again(stage, settings):
    """Return by event what a stage says of its whole log, from the beginning and in this process."""
    states, told = {}, {}
    for raw in read_topic(settings, stage.reads.name):
        record = decode(raw, {raw.topic: stage.reads}, 0).record
        state = states.setdefault(raw.partition, stage.new_state(settings))
        told |= {out.topic.id_of(out.value): out.value for out in state.decide(record)}
    return told


@pytest.mark.parametrize("stage", [dedupe.STAGE, cluster.STAGE], ids=lambda stage: stage.name)
def test_copies_and_stories_follow_from_the_log_alone(killed_demo, product, tmp_path, stage):
    """Decided anew, each log gives the families and story ids that were announced through all kills, and no others."""
    again = decide_again(stage, product.settings.model_copy(update={"state_dir": tmp_path}))
    announced = {
        read_headers(raw.headers)["ce_id"]: topic.decode(raw.value)
        for topic in stage.writes
        for raw in read_topic(product.settings, topic.name)
    }
    assert announced
    assert announced == again


def documents(settings):
    """Every article and every older version, by index and id, without what tells of the moment of its indexing."""
    indexes = ",".join(f"{build_alias(settings.index_prefix, kind)}-*" for kind in ("articles", "revisions"))
    with open_elasticsearch(settings) as client:
        client.indices.refresh(index=indexes)
        hits = helpers.scan(client, index=indexes, query={"query": {"match_all": {}}}, version=True)
        return {
            (hit["_index"], hit["_id"]): (
                hit["_version"],
                {name: value for name, value in hit["_source"].items() if name not in MOMENTS},
            )
            for hit in hits
        }


def test_a_replay_gives_the_same_index(killed_demo, product, wait_for):
    """Parsed again, and indexed again from nothing, the index has the same ids, versions, copies and stories.

    The deciders have lost their snapshots, so they go over their logs first: else every page would be a new version.
    """
    before = documents(product.settings)
    assert before
    for name in ("dedupe", "cluster"):
        folder = product.settings.state_dir / "snapshots" / f"{product.settings.topic_prefix}{name}"
        shutil.rmtree(folder, ignore_errors=True)  # a decider that runs for less than a minute has saved nothing yet
        kill(product, wait_for, name)
    assert product.module("consumers", "parse", "--replay").returncode == 0
    wait_for(lambda: set(read_lag(product.settings).values()) == {0}, "the stages to take it")
    assert documents(product.settings) == before
    with open_elasticsearch(product.settings) as client:
        client.indices.delete(index=",".join({index for index, _ in before}))
    assert product.module("consumers", "index", "--replay").returncode == 0
    assert documents(product.settings) == before


def is_running(pid):
    """A process that has ended stays in the table until its parent asks; where init does not ask, for ever."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_down_leaves_no_process_and_no_port(killed_demo, product):
    """After `newswire down` nothing runs and nothing listens."""
    report = read_report(product.state_dir)
    pids = [service["pid"] for service in report["services"].values() if service["pid"]] + [report["pid"]]
    assert product.command("down").returncode == 0
    assert not [pid for pid in pids if is_running(pid)]
    for name, port in report["ports"].items():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, name
    ours = [process for process in psutil.process_iter(["environ"]) if str(product.state_dir) in str(process.info)]
    assert not [process for process in ours if is_running(process.pid)]
