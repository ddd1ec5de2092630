"""Which months go, which are packed and which are left alone, on a real Elasticsearch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newswire.elastic.client import open_elasticsearch
from newswire.elastic.retention import apply_retention, months_kept

pytestmark = pytest.mark.servers

NOW = datetime(2026, 3, 12, tzinfo=UTC)


@pytest.fixture
def months(servers):
    """Indexes of several months and kinds; one of them has two segments."""
    prefix = servers.index_prefix
    names = ["articles-2020.01", "articles-2026.02", "articles-2026.03", "fetches-2025.11", "fetches-2025.12",
             "dead-letters-2025.01", "fetches-mine"]  # fmt: skip
    with open_elasticsearch(servers) as client:
        for name in names:
            client.indices.create(index=f"{prefix}-{name}", wait_for_active_shards=0)
        client.indices.create(index=f"{prefix}-two-fetches-2020.01", wait_for_active_shards=0)
        for number in range(2):
            client.index(index=f"{prefix}-articles-2020.01", document={"number": number}, refresh=True)
        yield client
        client.indices.delete(index=",".join(client.indices.get(index=f"{prefix}-*")))


def left(client, servers):
    prefix = f"{servers.index_prefix}-"
    return {name.removeprefix(prefix) for name in client.indices.get(index=f"{prefix}*")}


def test_old_months_go_and_articles_stay_for_ever(months, servers):
    """Three months after its own an index of fetches goes; another pipeline's and somebody's own are not touched."""
    done = apply_retention(servers, NOW)
    assert [name.removeprefix(f"{servers.index_prefix}-") for name in done["deleted"]] == [
        "dead-letters-2025.01",
        "fetches-2025.11",
    ]
    assert left(months, servers) == {
        "articles-2020.01", "articles-2026.02", "articles-2026.03", "fetches-2025.12", "fetches-mine",
        "two-fetches-2020.01",
    }  # fmt: skip
    shorter = servers.model_copy(update={"retention_months_articles": 2})
    assert apply_retention(shorter, NOW)["deleted"] == [f"{servers.index_prefix}-articles-2020.01"]


def test_months_that_are_over_are_packed_once(months, servers):
    """One segment each, ten days after the month's end; a later write does not start it anew."""
    done = apply_retention(servers, NOW)
    names = [name.removeprefix(f"{servers.index_prefix}-") for name in done["packed"]]
    assert names == ["articles-2020.01", "articles-2026.02", "fetches-2025.12"]
    assert apply_retention(servers, NOW) == {"deleted": [], "packed": []}
    early = servers.model_copy(update={"retention_months_fetches": 0})
    assert apply_retention(early, NOW.replace(month=4, day=8))["packed"] == []
    assert apply_retention(early, NOW.replace(month=4, day=12))["packed"] == [
        f"{servers.index_prefix}-articles-2026.03"
    ]


def test_packing_leaves_one_segment(months, servers):
    """The server is asked for it in earnest."""
    apply_retention(servers, NOW)
    # The client warns that this one is in technical preview.
    months.perform_request("GET", "/_tasks", params={"actions": "*forcemerge*", "wait_for_completion": "true"})
    index = f"{servers.index_prefix}-articles-2020.01"
    months.indices.refresh(index=index)
    assert months.indices.segments(index=index)["indices"][index]["shards"]["0"][0]["num_search_segments"] == 1


def test_revisions_go_with_their_articles(servers):
    """What an article once said does not outlive it."""
    settings = servers.model_copy(update={"retention_months_articles": 5})
    assert months_kept(settings, "revisions") == months_kept(settings, "articles") == 5
