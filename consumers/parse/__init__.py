"""Turn a fetched page into clean text with metadata, or reject it: `fetched-pages` to `parsed-articles`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from newswire.settings import Settings
from newswire.stage import Handler, Stage
from schemas.messages import FetchedPage
from schemas.topics import FETCHED_PAGES, PARSED_ARTICLES

if TYPE_CHECKING:
    from consumers.parse.extraction import Extraction


@contextmanager
def open_parse(settings: Settings) -> Iterator[Handler[FetchedPage]]:
    """Start the worker processes that parse pages, and yield the handler."""
    from consumers.parse.workers import open_workers

    with open_workers(settings) as parse_pages:
        yield parse_pages


STAGE: Stage[FetchedPage] = Stage("parse", reads=FETCHED_PAGES, writes=(PARSED_ARTICLES,), open=open_parse)


def extract(raw: bytes, url: str, http_charset: str | None = None) -> Extraction:
    """Return what one page holds, read in this process, for benchmarks and the command.

    Raises Rejected if the page gives no article.
    """
    from consumers.parse.extraction import extract_article
    from consumers.parse.fields.metadata import Origin

    return extract_article(raw, Origin(url, dt.datetime.now(dt.UTC)), http_charset)
