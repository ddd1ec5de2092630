"""A real Chromium over the real `newswire web`, which shows the demo press from a real index."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import psycopg
import pytest

from consumers.cluster import STAGE
from consumers.index.indexer import ArticleIndexer
from consumers.record.recorder import Recorder
from newswire.clock import SystemClock
from newswire.demo.press.content import read_press
from newswire.demo.press.desk import edit_press
from newswire.demo.press.sources import write_sources
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.settings import Settings, child_environment
from newswire.stage import Record
from newswire.testing.crawl_state import open_crawl_state
from newswire.testing.press_articles import make_press_article
from schemas.message_builder import make_id
from schemas.messages import Article, DeduplicatedArticle
from schemas.topics import ARTICLES, STORIES

SCREENSHOTS = Path(__file__).parents[2] / ".newswire/screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
EPOCH = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
SERVERS = (
    "elasticsearch_url",
    "elasticsearch_username",
    "elasticsearch_password",
    "kafka_bootstrap",
    "kafka_security_protocol",
    "kafka_sasl_mechanism",
    "kafka_sasl_username",
    "kafka_sasl_password",
    "postgres_dsn",
    "index_prefix",
    "topic_prefix",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.servers)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium: apt-get install chromium"))


@pytest.fixture(scope="module")
def newsroom(server_settings, tmp_path_factory):
    """Settings of an index and a crawl state that hold the demo press."""
    folder = tmp_path_factory.mktemp("newsroom")
    write_sources(folder / "sources", 9)
    own = {
        "index_prefix": f"b{secrets.token_hex(4)}",
        "state_dir": folder / "state",
        "sources_dirs": (folder / "sources",),
    }
    with open_crawl_state(server_settings.model_copy(update=own)) as settings, open_elasticsearch(settings) as client:
        sync_templates(settings)
        fill(client, settings.index_prefix)
        fill_ledger(settings)
        yield settings
        client.indices.delete(index=[*client.indices.get(index=f"{settings.index_prefix}-*")])
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


def fill(client, prefix):
    """Cluster the press, its corrections after its first editions, and index what comes out."""
    state, offsets, articles, stories = STAGE.new_state(Settings()), count(), [], {}
    for edition in tell_press():
        when = int(edition.fetched_at.timestamp() * 1000)
        for out in state.decide(Record(STAGE.reads.name, 0, next(offsets), when, None, edition)):
            if isinstance(out.value, Article):
                articles.append(Record(ARTICLES.name, 0, 0, when, None, out.value))
            else:
                stories[out.value.story_id] = Record(STORIES.name, 0, 0, when, None, out.value)
    ArticleIndexer(client, prefix, SystemClock())(articles)
    Recorder(client, prefix, SystemClock())([*stories.values()])
    client.indices.refresh(index=f"{prefix}-*")


def tell_press():
    """Yield what dedupe would say of every edition."""
    press = sorted((one for one in edit_press(read_press(), EPOCH) if one.at(0)), key=lambda one: one.published)
    originals = {}
    for phase in (0, 1):
        for telling in press:
            edition, original = telling.at(phase), originals.setdefault(telling.family, telling.key)
            if edition.phase != phase:
                continue
            copied = {} if original == telling.key else {"copy_of": make_id(original), "copy_tier": "copy"}
            yield make_press_article(
                DeduplicatedArticle,
                telling,
                phase,
                seen_at=telling.published.astimezone(dt.UTC),
                published_source="jsonld",
                provenance={"title": "meta og:title", "published_at": "jsonld datePublished"},
                verdict="revision" if phase else "new",
                version=phase + 1,
                **copied,
            )


def fill_ledger(settings):
    """Let every source have been read, one feed fail, and one address be stuck since yesterday."""
    with psycopg.connect(settings.postgres_dsn.get_secret_value(), autocommit=True) as connection:
        for outlet in read_press().outlets:
            error = "HTTP 503" if outlet == "valmere-herald" else None
            connection.execute(
                "INSERT INTO feeds (url, source, polled_at, error, errors, entries) VALUES (%s, %s, now(), %s, %s, 10)",
                (f"http://{outlet}.example/feed.xml", outlet, error, int(bool(error))),
            )
        connection.execute(
            "INSERT INTO urls (url_id, url, host, source, state, found_in, first_seen_at) VALUES"
            " ('1', 'http://paper.example/stuck', 'paper.example', 'corvane', 'fetched', 'f', now() - interval '1 day')"
        )


@pytest.fixture(scope="module")
def address(newsroom):
    """Where `newswire web` serves it."""
    given = {f"NEWSWIRE_{name.upper()}": str(plain(getattr(newsroom, name))) for name in SERVERS}
    given |= {"NEWSWIRE_STATE_DIR": str(newsroom.state_dir), "NEWSWIRE_SOURCES_DIRS": str(newsroom.sources_dirs[0])}
    command = [sys.executable, "-m", "newswire", "web", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment(**given)) as process:
        said = process.stdout.readline()
        assert said.startswith("Newswire is at http://127.0.0.1:"), said
        yield said.split()[-1]
        process.terminate()
        assert process.wait(10) in (0, -15)


def plain(value):
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.fixture(scope="module")
def chromium():
    """One browser for a module's tests: while it is open, no other test could run an event loop in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_window(chromium, address):
    """Open windows at the pages; whatever a page complains of on its console fails the test."""
    complaints, contexts = [], []

    def open_one(path="/", **options):
        options = {"viewport": {"width": 1200, "height": 900}} | options
        context = chromium.new_context(base_url=address, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def shoot():
    """Write a screenshot of the whole page into .newswire/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
