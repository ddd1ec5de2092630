"""The pages inside the Airflow UI: who may see them, and that their links stay below Airflow's address."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.fixture
def pages(tmp_path, use_settings, monkeypatch):
    """The mounted application, with one source; no server is there."""
    source = {"title": "The Paper", "owner": "desk", "feeds": ["http://paper.example/feed.xml"]}
    (tmp_path / "paper.yml").write_text(json.dumps(source), "utf-8")
    use_settings(
        sources_dirs=tmp_path,
        postgres_dsn="postgresql://nobody@127.0.0.1:9/none",
        elasticsearch_url="http://127.0.0.1:9",
    )
    monkeypatch.delitem(sys.modules, "newswire.airflow.pages", raising=False)  # it reads the settings once
    return importlib.import_module("newswire.airflow.pages").app


def ask(path):
    """Ask as Airflow does, which mounts the pages below a path of its own."""
    from fastapi import FastAPI

    from newswire.airflow.plugin import NewswirePlugin

    entry = NewswirePlugin.fastapi_apps[0]
    outer = FastAPI()
    outer.mount(entry["url_prefix"], entry["app"])

    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=outer), base_url="http://airflow") as client:
            return await client.get(path)

    return asyncio.run(send())


@pytest.mark.parametrize("path", ["/", "/sources", "/pipeline", "/api/search", "/api/export.csv", "/article/x"])
def test_a_stranger_sees_nothing(pages, path):
    """Pages of plugins have no login of their own: without Airflow's they are refused, and so is the API."""
    answer = ask(f"/newswire{path}")
    assert answer.status_code == 401
    assert "paper" not in answer.text


def test_links_stay_below_the_address_at_which_the_pages_are_mounted(pages):
    """Whoever may see plugins gets the page, framed by Airflow, with links and style sheet below /newswire."""
    pages.dependency_overrides[pages.router.dependencies[0].dependency] = lambda: None
    try:
        answer = ask("/newswire/sources")
    finally:
        pages.dependency_overrides.clear()
    assert answer.status_code == 200
    assert "The Paper" in answer.text
    assert 'href="/newswire/pipeline"' in answer.text
    assert 'href="/newswire/static/newswire.css' in answer.text
    assert 'href="/s' not in answer.text
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


def test_every_entry_of_the_side_bar_leads_to_a_page(pages):
    """The plugin's addresses are routes of the application."""
    from newswire.airflow.plugin import NewswirePlugin

    paths = {route.path for route in pages.routes}
    for view in NewswirePlugin.external_views:
        assert view["href"].removeprefix("newswire") in paths
