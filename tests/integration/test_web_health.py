"""The pages that tell whether all is well, and the alarm of `newswire status`, over real servers."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from consumers.record.recorder import Recorder
from newswire.clock import SystemClock
from newswire.commands import status
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.kafka.clients import open_consumer
from newswire.kafka.dead_letters import dead_letter_headers
from newswire.kafka.topic_admin import apply_topics
from newswire.stage import Record, Reject
from newswire.testing.pages import open_pages
from newswire.web.platform.app import create_app
from newswire.web.reports.dead_letter_counts import count_dead_letters

pytestmark = pytest.mark.servers

FEED = "http://paper.example/feed.xml"
NOW = datetime.now(UTC)


@pytest.fixture
def ledger(crawl_state, tmp_path):
    """A crawl state with one address on its way since yesterday, and one source whose feed fails."""
    (tmp_path / "paper.yml").write_text(json.dumps({"title": "Paper", "owner": "desk", "feeds": [FEED]}), "utf-8")
    states = [("indexed", None)] * 3 + [("rejected", "no-text"), ("fetched", None), ("discovered", None)]
    with psycopg.connect(crawl_state.postgres_dsn.get_secret_value(), autocommit=True) as connection:
        for number, (state, reason) in enumerate(states):
            since = NOW - timedelta(days=1 if state == "fetched" else 0)
            connection.execute(
                "INSERT INTO urls (url_id, url, host, source, state, reason, found_in, first_seen_at, fetched_at)"
                " VALUES (%s, %s, 'paper.example', 'paper', %s, %s, %s, %s, %s)",
                (str(number), f"http://paper.example/{state}", state, reason, FEED, since, since),
            )
        connection.execute(
            "INSERT INTO feeds (url, source, polled_at, error, errors) VALUES (%s, 'paper', now(), '503', 3)",
            (FEED,),
        )
    return crawl_state.model_copy(update={"sources_dirs": (tmp_path,), "index_prefix": f"none-{tmp_path.name}"})


def words(element):
    return " ".join(element.get_text(" ").split())


def test_the_alarm_names_what_is_stuck(ledger, monkeypatch):
    """An address in flight for longer than it may be: on the sources page, on the pipeline page, in the status."""
    with open_pages(create_app(ledger)) as pages:
        sources, pipeline = (BeautifulSoup(pages.get(path).text, "lxml") for path in ("/sources", "/pipeline"))
        report = pages.get("/api/pipeline").json()
    (row,) = sources.select("tbody tr")
    assert [words(cell) for cell in row.select("td.number")[1:]] == ["6", "2", "1", "3"]
    said = words(row.select_one(".diagnosis"))
    assert "1 address is overdue" in said
    assert f"A list fails, 3 times in a row: {FEED}: 503" in said
    assert "rejected (no-text 1)" in words(row)
    assert "1 address is in the pipeline for longer than 2h" in words(pipeline.select_one(".notice"))
    assert "http://paper.example/fetched" in words(pipeline.select_one("section[aria-labelledby=overdue]"))
    assert (report["overdue_count"], [one["state"] for one in report["overdue"]]) == (1, ["fetched"])
    assert (report["states"]["indexed"], report["states"]["discovered"], report["reasons"]) == (
        3,
        1,
        {"rejected": {"no-text": 1}},
    )

    monkeypatch.setattr(status, "load_settings", lambda **_: ledger)
    shown = CliRunner().invoke(status.command)
    assert "Addresses in flight for too long: paper 1" in shown.output
    assert json.loads(CliRunner().invoke(status.command, ["--json"]).output)["overdue"] == {"paper": 1}


def test_nothing_is_alarmed_when_all_is_young(ledger):
    """With more patience the same address is no alarm."""
    patient = ledger.model_copy(update={"overdue_after_seconds": 200_000.0})
    with open_pages(create_app(patient)) as pages:
        assert "for longer than" not in pages.get("/pipeline").text
        assert "overdue;" not in pages.get("/sources").text


def test_stages_are_up_where_their_group_has_members(servers):
    """A consumer at work makes its stage up; the others are down, whoever started them."""
    apply_topics(servers)
    with closing(open_consumer(servers, group=f"{servers.topic_prefix}parse")) as consumer:
        consumer.subscribe([f"{servers.topic_prefix}fetched-pages"])
        while not consumer.assignment():
            consumer.poll(timeout_ms=200)
        with open_pages(create_app(servers)) as pages:
            page = BeautifulSoup(pages.get("/pipeline").text, "lxml")
    rows = {words(row.th): words(row) for row in page.select("section[aria-labelledby=stages] tbody tr")}
    assert rows["parse"] == "parse fetched-pages up 1 0"
    assert rows["dedupe"] == "dedupe parsed-articles down 0 0"


def test_dead_letters_are_counted_by_reason(servers):
    """Unexpected ones first, with the newest; older ones than asked for are left out."""
    sync_templates(servers)
    records = []
    for number, (reason, is_poison, age) in enumerate(
        [("no-text", False, 1), ("no-text", False, 2), ("bad-json", True, 1), ("no-text", False, 300)]
    ):
        raw = SimpleNamespace(partition=0, offset=number, headers=[])
        headers = dead_letter_headers(
            "parse", "fetched-pages", raw, Reject(reason, "x", is_poison=is_poison), NOW - timedelta(hours=age)
        )
        records.append(Record("parse-dlq", 0, number, 0, b"k", b"{}", {name: text.decode() for name, text in headers}))
    with open_elasticsearch(servers) as client:
        Recorder(client, servers.index_prefix, SystemClock())(records)
        client.indices.refresh(index=f"{servers.index_prefix}-*")
        counts = count_dead_letters(client, servers.index_prefix, since=NOW - timedelta(days=7))
        with open_pages(create_app(servers)) as pages:
            page = BeautifulSoup(pages.get("/pipeline").text, "lxml")
        client.indices.delete(index=[*client.indices.get(index=f"{servers.index_prefix}-*")])
    assert [(one.reason, one.is_expected, one.count) for one in counts] == [
        ("bad-json", False, 1),
        ("no-text", True, 2),
    ]
    assert counts[1].newest_at == (NOW - timedelta(hours=1)).replace(microsecond=NOW.microsecond // 1000 * 1000)
    rows = [words(row) for row in page.select("section[aria-labelledby=letters] tbody tr")]
    assert rows[0].startswith("parse bad-json no 1")
    assert rows[1].startswith("parse no-text yes 2")
