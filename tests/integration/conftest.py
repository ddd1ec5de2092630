"""What the crawl's tests share: a site, its source, and a crawl state of their own."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from newswire.kafka.reader import read_topic
from newswire.testing.crawl_state import open_crawl_state
from newswire.testing.site import open_site
from schemas.topics import FETCHED_PAGES


@pytest.fixture
def crawl_state(server_settings, tmp_path):
    """Settings with a crawl state of their own."""
    with open_crawl_state(server_settings) as settings:
        yield settings.model_copy(update={"state_dir": tmp_path / "state"})


@pytest.fixture
def site():
    """A news site on loopback."""
    with open_site() as opened:
        yield opened


@pytest.fixture
def crawl(crawl_state, crawl_topics, site, tmp_path):
    """A crawl of that site: settings, its one source, and eyes for state and topic."""
    folder = tmp_path / "sources"
    folder.mkdir()
    crawl = Crawl(
        crawl_state.model_copy(
            update={
                "topic_prefix": crawl_topics,
                "sources_dirs": (folder,),
                "allow_private": ("127.0.0.0/8",),
                "fetch_timeout_seconds": 2.0,
                "host_delay_seconds": 0.02,
                "revisit_min_seconds": 0.0,
            }
        ),
        site,
    )
    crawl.write_source()
    return crawl


@pytest.fixture(scope="session")
def crawl_topics(server_settings):
    """The prefix of one set of topics for all crawl tests: each reads only what it has written itself."""
    from newswire.kafka.topic_admin import apply_topics

    prefix = f"crawl{secrets.token_hex(4)}-"
    apply_topics(server_settings.model_copy(update={"topic_prefix": prefix}))
    return prefix


class Crawl:
    """One source, and what becomes of its addresses."""

    def __init__(self, settings, site):
        self.settings = settings
        self.site = site
        self.started_at = datetime.now(UTC)

    def write_source(self, name="paper", **fields):
        """Write the source's file."""
        values = {"title": "The Paper", "owner": "desk", "feeds": [f"{self.site.url}/feed.xml"]} | fields
        (self.settings.sources_dirs[0] / f"{name}.yml").write_text(yaml.safe_dump(values), "utf-8")

    def source(self, name="paper"):
        """Read it back as the crawl does."""
        from newswire.sources.catalogue import load_catalogue

        return load_catalogue(self.settings).sources[name]

    def discover(self, name="paper", **options):
        """Read the source's lists."""
        from newswire.crawl.discover import discover

        return discover(self.source(name), self.settings, **options)

    def fetch(self, host=None, **options):
        """Fetch what is due; only the counts that are not zero."""
        from newswire.crawl.fetch import fetch_host

        return {name: n for name, n in fetch_host(host or self.site.host, self.settings, **options).items() if n}

    def run(self):
        """Discover and fetch."""
        self.discover()
        return self.fetch()

    def query(self, statement, *values):
        """Ask the crawl state."""
        dsn = self.settings.postgres_dsn.get_secret_value()
        with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def states(self):
        """Return path -> state, or state(reason)."""
        rows = self.query("SELECT url, state, reason FROM urls")
        return {
            row["url"].removeprefix(self.site.url): row["state"] + (f"({row['reason']})" if row["reason"] else "")
            for row in rows
        }

    def pages(self):
        """Return what this crawl has fetched, as `fetched-pages` has it, oldest first."""
        return sorted(self.read(FETCHED_PAGES, "fetched_at"), key=lambda page: page.fetched_at)

    def read(self, topic, moment):
        """Return the messages of this crawl in a topic; `moment` is the field with their time.

        The topic is shared, and an earlier site may have had the same port: what that one sent is left out by its time.
        """
        messages = [topic.decode(raw.value) for raw in read_topic(self.settings, topic.name)]
        return [m for m in messages if m.url.startswith(self.site.url) and getattr(m, moment) >= self.started_at]
