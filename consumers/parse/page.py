"""Parse one page in a worker process: open its body, read it, and return a message or a rejection."""

from __future__ import annotations

import datetime as dt
import signal
import traceback
from contextlib import suppress
from typing import Final

from consumers.parse.body.fallback_reader import read_fallback
from consumers.parse.body.trafilatura_reader import build_page, read_with_trafilatura
from consumers.parse.extraction import extract_article
from consumers.parse.fields.dates import search_date
from consumers.parse.fields.metadata import Origin
from consumers.parse.input.tree import Tree
from consumers.parse.rejection import Rejected, reject
from consumers.parse.to_message import origin_of, to_message
from newswire.kafka.body_store import BlobMissingError, BodyError, read_body
from newswire.settings import Settings
from newswire.sources.rules import SiteRule
from newswire.stage import Reject
from newswire.text.fingerprint import fingerprint
from schemas.messages import FetchedPage, ParsedArticle

ParseOutcome = ParsedArticle | Reject
_WARM_PAGE: Final = (
    b"""<html><head><title>Lanterns return to the old quay</title>
<meta property="og:type" content="article"><script type="application/ld+json">{"@type": "NewsArticle"}</script></head>
<body><article><h1>Lanterns return to the old quay</h1><p class="byline">By Mara Lindqvist</p>"""
    + 4
    * (
        b"<p>The lanterns along the old quay burn again, after the town had mended the line that last winter's flood "
        b"tore away. Residents who had carried torches home for months met there in the evening and stayed late.</p>"
    )
    + b"</article></body></html>"
)


def parse_page(page: FetchedPage, settings: Settings, rules: tuple[SiteRule, ...] = ()) -> ParseOutcome:
    """Return the parsed article of a page, or why there is none; never raises. `rules` are those of its source."""
    try:
        raw = read_body(page, settings)
        return to_message(page, extract_article(raw, origin_of(page, rules), page.http_charset))
    except Rejected as rejected:
        return reject(rejected.reason, rejected.detail)
    except (BlobMissingError, BodyError) as error:
        return reject("no-body", str(error))
    except Exception as error:  # noqa: BLE001 - one page must not stop all others; the limit on poison stops a broken parser
        place = traceback.extract_tb(error.__traceback__)[-1]
        return reject("parser-error", f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"[:500])


def parse_within(
    page: FetchedPage, settings: Settings, rules: tuple[SiteRule, ...], cpu_seconds: float
) -> ParseOutcome:
    """Do the same within a budget of this process's CPU time; beyond it, the kernel ends the process by SIGPROF.

    CPU time and not wall time: a page is not to be lost because the machine is busy.
    """
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return parse_page(page, settings, rules)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def warm_up() -> None:
    """Read a small article with every reader, so that a worker's first page costs what its tenth does.

    What is loaded lazily otherwise: the language model, trafilatura, BeautifulSoup's parser, and above all the 200
    locales of dateparser, which take seconds of CPU and are asked for a day only where a page declares none.
    """
    origin = Origin("https://warm.example/page", dt.datetime.now(dt.UTC))
    tree = Tree(_WARM_PAGE.decode())
    read_with_trafilatura(build_page(tree.blocks), is_quick=False)
    search_date(["31 Smarch 2021 by Mara Lindqvist"], origin.fetched_at)
    with suppress(Rejected):
        read_fallback(_WARM_PAGE.decode(), "warming up")
    with suppress(Rejected):  # where nothing is found, trafilatura has a last resort with word lists of its own
        extract_article(b"<p>Short.</p>", origin)
    found = extract_article(_WARM_PAGE, origin)
    fingerprint(found.title, found.body, found.language)
