"""indexed-articles to alerts: run the saved searches with alerts on articles that have just become searchable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from newswire.settings import Settings
from newswire.stage import Handler, Stage
from schemas.messages import IndexedArticle
from schemas.topics import ALERTS, INDEXED_ARTICLES


@contextmanager
def open_watch(settings: Settings) -> Iterator[Handler[IndexedArticle]]:
    """Yield the handler, with its Elasticsearch client open."""
    from consumers.watch.watcher import Watcher
    from newswire.clock import SystemClock
    from newswire.elastic.client import open_elasticsearch

    with open_elasticsearch(settings) as client:
        yield Watcher(client, settings.index_prefix, SystemClock())


STAGE = Stage("watch", reads=INDEXED_ARTICLES, writes=(ALERTS,), open=open_watch)
