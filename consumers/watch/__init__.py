"""indexed-articles to alerts: run the saved searches with alerts on articles that have just become searchable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from newswire.settings import Settings
from newswire.stage import Handler, Stage
from schemas.messages import IndexedArticle
from schemas.topics import ALERTS, INDEXED_ARTICLES, TAKEDOWNS


@contextmanager
def open_watch(settings: Settings) -> Iterator[Handler[IndexedArticle]]:
    """Yield the handler, with its Elasticsearch client open."""
    from consumers.watch.watcher import Watcher
    from newswire.clock import SystemClock
    from newswire.elastic.client import open_elasticsearch
    from newswire.takedowns.taken_down import restore_entries

    with open_elasticsearch(settings) as client:
        yield Watcher(client, settings.index_prefix, SystemClock(), partial(restore_entries, settings, client))


STAGE = Stage("watch", reads=INDEXED_ARTICLES, writes=(ALERTS,), open=open_watch, consults=(TAKEDOWNS,))
