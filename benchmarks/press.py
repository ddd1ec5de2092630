"""The demo press's articles, read from its real pages by parse, dedupe and cluster in this process, without servers."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from consumers import cluster, dedupe
from consumers.parse.extraction import extract_article
from consumers.parse.to_message import origin_of, to_message
from newswire.demo.press.content import read_press
from newswire.demo.press.desk import PressArticle
from newswire.demo.press.site import OutletSite, open_sites
from newswire.settings import Settings
from newswire.stage import Record
from newswire.text.ids import url_id
from newswire.text.urls import normalise_url
from schemas.messages import Article, FeedEntry, FetchedPage, ParsedArticle

EPOCH = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
PORT = 8080
LAST_PHASE = 1


def read_articles() -> list[tuple[PressArticle, Article]]:
    """Return every article in its newest version, with the demo article that it was made from."""
    sites = open_sites(read_press(), EPOCH, PORT).values()
    told = [(site, telling) for site in sites for telling in site.articles if telling.at(LAST_PHASE)]
    told.sort(key=lambda pair: (pair[1].published, pair[1].key))
    parsed = [(telling, _parse(site, telling)) for site, telling in told]
    with tempfile.TemporaryDirectory() as folder:
        newest = {article.article_id: article for article in _decide([one for _, one in parsed], Path(folder))}
    return [(telling, newest[one.article_id]) for telling, one in parsed]


def _parse(site: OutletSite, telling: PressArticle) -> ParsedArticle:
    reply, outlet = site.answer(telling.path, LAST_PHASE), site.outlet
    url = normalise_url(site.base + telling.path)
    page = FetchedPage(
        url_id=url_id(url),
        url=url,
        final_url=url,
        source=outlet.id,
        outlet=outlet.name,
        host=outlet.address,
        fetched_at=EPOCH,
        first_seen_at=telling.published.astimezone(dt.UTC) + dt.timedelta(minutes=5),
        status=200,
        body=None,
        body_bytes=len(reply.body),
        body_sha256="",
        content_type=reply.content_type,
        language_hint=outlet.language,
        country=outlet.country,
        is_agency=outlet.is_agency,
        feed=FeedEntry(title=telling.coverage.title, published_at=telling.published),
    )
    charset = reply.content_type.partition("charset=")[2] or None
    return to_message(page, extract_article(reply.body, origin_of(page), charset))


def _decide(articles: list[ParsedArticle], folder: Path) -> Iterator[Article]:
    """Let dedupe and cluster decide, one partition for each language, in the order of publication."""
    states: dict[str, tuple[Any, Any]] = defaultdict(
        lambda: (dedupe.STAGE.new_state(Settings(state_dir=folder)), cluster.STAGE.new_state(Settings()))
    )
    for number, article in enumerate(articles):
        copies, events = states[article.language]
        for decided in _outs(copies.decide(_record(article, number))):
            for told in _outs(events.decide(_record(decided, number))):
                if isinstance(told, Article):
                    yield told


def _record(value: Any, number: int) -> Record[Any]:
    return Record("", 0, number, int(value.first_seen_at.timestamp() * 1000), None, value)


def _outs(answer: Any) -> Iterator[Any]:
    for out in answer:
        yield out.value
