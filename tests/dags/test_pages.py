"""The page "Sources" in the Airflow UI: what it says, who may see it, and that it runs nothing."""

from __future__ import annotations

import asyncio
import json

import httpx
import psycopg
import pytest

pytestmark = pytest.mark.usefixtures("airflow")


def render(settings):
    from newswire.airflow.pages import render_sources

    return render_sources(settings)


@pytest.fixture
def folder(tmp_path, use_settings):
    """One good source with a hostile title, one disabled, one broken; and no PostgreSQL."""
    feeds = {"feeds": ["http://paper.example/feed.xml"], "owner": "desk"}
    (tmp_path / "paper.yml").write_text(json.dumps({"title": "<script>alert(1)</script>", **feeds}), "utf-8")
    (tmp_path / "asleep.yml").write_text(json.dumps({"title": "Asleep", "enabled": False, **feeds}), "utf-8")
    (tmp_path / "broken.yml").write_text("title: [", "utf-8")
    return use_settings(sources_dirs=tmp_path, postgres_dsn="postgresql://nobody@127.0.0.1:9/none")


def test_sources_and_broken_files_are_named_without_a_database(folder):
    """An outage of the crawl state costs the numbers, not the page."""
    page = render(folder)
    assert "The crawl state does not answer" in page
    assert "<code>paper</code>" in page
    assert "disabled" in page
    assert "<code>broken.yml</code>" in page
    assert "is no YAML" in page


def test_what_sources_say_is_text(folder):
    """A title cannot become markup."""
    page = render(folder)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_stranger_sees_nothing(folder):
    """Pages of plugins have no login of their own: without Airflow's they are refused."""
    from newswire.airflow.plugin import NewswirePlugin

    app = NewswirePlugin.fastapi_apps[0]["app"]

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://airflow") as client:
            return await client.get("/sources")

    answer = asyncio.run(ask())
    assert answer.status_code == 401
    assert "paper" not in answer.text


@pytest.mark.servers
def test_the_accounts_of_the_crawl_state_are_shown(folder, servers):
    """How many addresses are known, on their way and searchable; reasons for the others; sources without a file."""
    from newswire.crawl.migrate import migrate

    settings = servers.model_copy(update={"sources_dirs": folder.sources_dirs})
    migrate(settings)
    rows = [("paper", "indexed", None)] * 3 + [("paper", "rejected", "no-text"), ("old", "discovered", None)]
    with psycopg.connect(settings.postgres_dsn.get_secret_value(), autocommit=True) as connection:
        for number, (source, state, reason) in enumerate(rows):
            connection.execute(
                "INSERT INTO urls (url_id, url, host, source, state, reason, found_in) VALUES (%s,%s,'h',%s,%s,%s,'f')",
                (str(number), f"http://h/{number}", source, state, reason),
            )
    page = "".join(render(settings).split())
    assert '<tdclass="number">4</td><tdclass="number">0</td><tdclass="number">3</td>' in page
    assert "rejected<small>(no-text1)</small>" in page
    assert "withoutafile:old" in page
