"""What a response becomes in the message, decided without a network."""

from __future__ import annotations

import datetime as dt

import httpx
import msgspec
import pytest

from newswire.crawl.fetch_outcomes import AttemptResult, build_outcome
from newswire.crawl.fetched_pages import build_fetched_page, charset_of, content_type, is_page, robots_tag_of
from newswire.crawl.http_client import SiteResponse
from newswire.sources.catalogue import Source
from schemas.messages import FeedEntry
from schemas.topics import FETCHED_PAGES
from tests.unit.newswire.crawl.test_frontier import claim

SOURCE = Source(id="paper", title="The Paper", owner="desk", feeds=("https://paper.example/feed",), country="JP")


def response(content="text/html", body=b"<p>Text.</p>", **headers):
    pairs = [("Content-Type", content)] if content else []
    return SiteResponse(
        "https://paper.example/a", 200, httpx.Headers(pairs + list(headers.items())), body, seconds=0.1236
    )


@pytest.mark.parametrize(
    ("content", "body", "expected"),
    [
        ("text/html; charset=utf-8", b"x", True),
        ("TEXT/HTML", b"x", True),
        ("application/xhtml+xml", b"x", True),
        ("application/pdf", b"<html>", False),
        ("text/plain", b"<html>", False),
        (None, b"\xef\xbb\xbf\r\n <html>", True),
        (None, b"%PDF-1.7", False),
        (None, b" " * 511 + b"<p>", True),
        (None, b" " * 512 + b"<p>", False),
    ],
)
def test_a_page_is_html_by_its_header_or_by_its_beginning(content, body, expected):
    """The declared type counts; without one, the first 512 bytes."""
    assert is_page(response(content, body)) is expected


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("text/html; charset=UTF-8", "utf-8"),
        ('text/html; charset="ISO-8859-1"', "iso-8859-1"),
        ("text/html", None),
        ("text/html; charset=" + "x" * 40, "x" * 40),
        ("text/html; charset=" + "x" * 41, None),
        (None, None),
    ],
)
def test_the_charset_is_read_from_the_header(content, charset):
    """A name of more than 40 characters is none."""
    assert charset_of(response(content)) == charset
    assert content_type(response(content)) == ("text/html" if content else None)


def test_all_robots_tags_are_kept():
    """The header may come several times."""
    several = SiteResponse(
        "https://paper.example/a", 200, httpx.Headers([("X-Robots-Tag", "noai"), ("X-Robots-Tag", "noindex")]), b""
    )
    assert robots_tag_of(several) == "noai, noindex"
    assert robots_tag_of(response()) is None


def test_a_fetch_is_later_than_the_one_before_whatever_the_clock():
    """The newest fetch is known by its time, so a clock that was set back must not reorder two fetches."""
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    page = build_fetched_page(claim(fetched_at=ahead), response(), SOURCE)
    assert page.fetched_at == ahead + dt.timedelta(microseconds=1)
    before = dt.datetime.now(dt.UTC)
    assert build_fetched_page(claim(fetched_at=None), response(), SOURCE).fetched_at >= before
    assert (page.source, page.outlet, page.country, page.host, page.body_bytes) == (
        "paper",
        "The Paper",
        "JP",
        "paper.example",
        12,
    )


def test_an_outcome_has_the_facts_of_its_response_or_else_of_its_error():
    """Status, size and time come from the response; without one, the status of the error."""
    fetched = build_outcome(SOURCE, "https://paper.example/a", "page", AttemptResult("fetched", response()))
    assert (fetched.status, fetched.bytes, fetched.seconds, fetched.reason, fetched.new_urls) == (
        200,
        12,
        0.124,
        None,
        None,
    )
    failed = AttemptResult("failed", reason="http-503", status=503, new_urls=0)
    outcome = build_outcome(SOURCE, "https://paper.example/", "front page", failed)
    assert (outcome.kind, outcome.status, outcome.bytes, outcome.seconds) == ("front-page", 503, None, None)
    assert (outcome.reason, outcome.new_urls, outcome.host) == ("http-503", 0, "paper.example")


@pytest.mark.parametrize(
    ("published_at", "is_kept"),
    [
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), True),
        (dt.datetime(1969, 12, 31, tzinfo=dt.UTC), False),
        (dt.datetime(2200, 12, 31, tzinfo=dt.UTC), True),
        (dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.UTC), False),
        (None, False),
    ],
)
def test_a_feeds_impossible_date_does_not_cost_the_page(published_at, is_kept):
    """Readers refuse such a message whole: the page goes without the date, and with the rest of the entry."""
    entry = FeedEntry(title="A title", published_at=published_at)
    page = build_fetched_page(msgspec.structs.replace(claim(), entry=entry), response(), SOURCE)
    assert page.feed == FeedEntry(title="A title", published_at=published_at if is_kept else None)
    assert FETCHED_PAGES.decode(FETCHED_PAGES.encode(page)) == page
