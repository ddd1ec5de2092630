"""Write articles to Elasticsearch in bulk, idempotently, and announce what has become searchable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from newswire.settings import Settings
from newswire.stage import Handler, Stage
from schemas.messages import Article
from schemas.topics import ARTICLES, INDEXED_ARTICLES, TAKEDOWNS


@contextmanager
def open_index(settings: Settings) -> Iterator[Handler[Article]]:
    """Open the stage's client."""
    # Here, because a ledger process need not load the client.
    from consumers.index.indexer import ArticleIndexer
    from newswire.clock import SystemClock
    from newswire.elastic.client import open_elasticsearch
    from newswire.takedowns.taken_down import restore_entries

    with open_elasticsearch(settings) as client:
        yield ArticleIndexer(client, settings.index_prefix, SystemClock(), partial(restore_entries, settings, client))


# A refresh costs the same after a hundred documents as after thousands; see docs/decisions/0030.
STAGE = Stage(
    "index", reads=ARTICLES, writes=(INDEXED_ARTICLES,), open=open_index, batch_records=2_000, consults=(TAKEDOWNS,)
)
