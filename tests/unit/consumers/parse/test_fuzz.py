"""Golden pages, mutilated: parse returns an article or a rejection, and nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.parse.page import parse_page
from newswire.kafka.body_store import pack_body
from newswire.settings import Settings
from newswire.stage import Reject
from schemas.messages import FetchedPage, ParsedArticle
from schemas.topics import PARSED_ARTICLES

PAGES = [path.read_bytes() for path in sorted(Path(__file__).parents[3].glob("golden/*/page.html"))]
NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)
SPLINTERS = b"\" \x01 \xff\xfe \xd8\x02 < > ' <!-- </p> <p> <div <script> & &# ]]> { }".split()
CUT = st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.sampled_from(SPLINTERS), st.integers(0, 3))


def fetched(raw):
    return FetchedPage(
        url_id="0" * 32, url="https://outlet.example/a", final_url="https://outlet.example/a", source="outlet",
        outlet="Outlet", host="outlet.example", fetched_at=NOW, first_seen_at=NOW, status=200, body=pack_body(raw),
        body_bytes=len(raw), body_sha256="0" * 64,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_whole_page_gives_a_message_or_an_expected_rejection(page):
    """The message encodes and decodes again under its own contract."""
    outcome = parse_page(fetched(page), Settings())
    if isinstance(outcome, Reject):
        assert not outcome.is_poison
    else:
        assert PARSED_ARTICLES.decode(PARSED_ARTICLES.encode(outcome)) == outcome


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.sampled_from(PAGES), st.lists(CUT, min_size=1, max_size=8))
def test_a_mutilated_page_gives_a_message_or_a_rejection(page, cuts):
    """Cut, repeat, splice: no mutation makes the parser itself fail."""
    for at, share, splinter, repeats in cuts:
        start = int(at * len(page))
        end = start + int(share * len(page))
        page = page[:start] + splinter + page[start:end] * repeats + page[end:]
        page = page[:200_000]
    outcome = parse_page(fetched(page), Settings())
    assert isinstance(outcome, ParsedArticle | Reject)
    if isinstance(outcome, Reject):
        assert outcome.reason != "parser-error", outcome.detail
    else:
        msgspec.json.decode(PARSED_ARTICLES.encode(outcome), type=ParsedArticle)
