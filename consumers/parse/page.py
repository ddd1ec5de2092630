"""Parse one page in a worker process: open its body, read it, and return a message or a rejection."""

from __future__ import annotations

import datetime as dt
import signal
import traceback
from contextlib import suppress

from consumers.parse.extraction import extract_article
from consumers.parse.fields.language import find_language
from consumers.parse.fields.metadata import Origin
from consumers.parse.rejection import Rejected, reject
from consumers.parse.to_message import origin_of, to_message
from newswire.kafka.body_store import BlobMissingError, BodyError, read_body
from newswire.settings import Settings
from newswire.sources.rules import SiteRule
from newswire.stage import Reject
from schemas.messages import FetchedPage, ParsedArticle

ParseOutcome = ParsedArticle | Reject


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
    """Load the language model and trafilatura before the first page is timed."""
    find_language("Warm before the first page is timed. " * 4)
    with suppress(Rejected):
        extract_article(b"<p>Short.</p>", Origin("https://warm.example/page", dt.datetime.now(dt.UTC)))
