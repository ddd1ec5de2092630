"""The three servers that a takedown changes, each asked once before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from newswire.crawl.database import open_reader
from newswire.elastic.client import elastic_outages_as_retry, open_elasticsearch
from newswire.elastic.templates import require_templates
from newswire.errors import ConfigError
from newswire.kafka.publisher import Publisher, open_publisher
from newswire.kafka.reader import count_records
from newswire.settings import Settings
from newswire.takedowns.crawl_state import Connection
from schemas.topics import ARTICLES, STORIES, TAKEDOWNS


@dataclass(frozen=True, slots=True)
class Servers:
    """The three servers, each asked once before anything is changed."""

    settings: Settings
    database: Connection
    client: Elasticsearch
    publisher: Publisher

    @property
    def prefix(self) -> str:
        """Return the prefix of the indexes."""
        return self.settings.index_prefix


@contextmanager
def open_servers(settings: Settings) -> Iterator[Servers]:
    """Connect to all servers. Raises Retry for one that is unavailable, ConfigError for one that is not set up."""
    with (
        open_reader(settings) as database,
        open_elasticsearch(settings) as client,
        open_publisher(settings, "takedown") as publisher,
        elastic_outages_as_retry(),
    ):
        require_templates(client, settings.index_prefix)
        counts = count_records(settings, [ARTICLES.name, TAKEDOWNS.name, STORIES.name])
        if missing := [name for name, count in counts.items() if count is None]:
            raise ConfigError(f"Kafka has no topic {', '.join(missing)}; `newswire topics apply` makes it")
        yield Servers(settings, database, client, publisher)
