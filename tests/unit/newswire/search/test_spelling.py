"""When another spelling is suggested, and what a highlighted hit looks like; a stub answers for the server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newswire.search.grouping import open_groups
from newswire.search.request import SearchRequest
from newswire.search.results import Piece
from newswire.search.spelling import suggest_spelling


class Server:
    """Gives the prepared answers in turn and remembers the searches."""

    def __init__(self, *answers):
        self.answers, self.searches = [*answers], []

    def msearch(self, searches):
        self.searches += searches[1::2]
        return {"responses": [self.answers.pop(0) for _ in searches[1::2]]}


def spellings(freq, own, *, word="grannary", text="granary"):
    options = [{"score": 0.8, "freq": freq, "text": text}]
    return {
        "suggest": {f"{field} {word}": [{"options": options}] for field in ("title", "body")},
        "aggregations": {"as_spelt": {"buckets": {word: {"doc_count": own}}}},
    }


def count(total):
    return {"hits": {"total": {"value": total}}}


def suggest(server, total=0, words="grannary fire"):
    entries = server.answers[0]["suggest"] if server.answers else {}
    buckets = server.answers[0]["aggregations"]["as_spelt"]["buckets"] if server.answers else {}
    for field in ("title", "body"):
        entries.setdefault(f"{field} fire", [{"options": []}])
    buckets.setdefault("fire", {"doc_count": 50})
    return suggest_spelling(server, "n", SearchRequest(words=words), total)


def test_a_spelling_that_finds_more_is_suggested():
    """The other words stay as they are."""
    assert suggest(Server(spellings(20, 0), count(7))) == "granary fire"


@pytest.mark.parametrize(("freq", "own", "expected"), [(11, 1, "granary fire"), (10, 1, None), (1, 0, "granary fire")])
def test_a_word_that_exists_is_replaced_only_by_a_much_more_common_one(freq, own, expected):
    """More than ten times as many articles: otherwise it is a word of its own."""
    assert suggest(Server(spellings(freq, own), count(7))) == expected


@pytest.mark.parametrize(("total", "asks"), [(2, True), (3, False)])
def test_the_server_is_asked_only_where_hardly_anything_was_found(total, asks):
    """Three hits are enough."""
    server = Server(spellings(20, 0), count(7))
    assert (suggest(server, total) is not None) == asks
    assert bool(server.searches) == asks


@pytest.mark.parametrize(("found", "expected"), [(1, None), (2, "granary fire")])
def test_a_spelling_must_find_more(found, expected):
    """Otherwise it would lead nowhere."""
    assert suggest(Server(spellings(20, 0), count(found)), total=1) == expected


def test_only_plain_words_are_spelt_differently():
    """Phrases and exclusions are what the reader wrote."""
    assert suggest_spelling(Server(), "n", SearchRequest(words='"grannary fire" -pier'), 0) is None


def test_highlights_become_pieces():
    """The marks are gone, and the pieces add up to the text."""
    now = datetime(2026, 3, 2, tzinfo=UTC).isoformat()
    source = dict.fromkeys(
        ("article_id", "url", "canonical_url", "source", "outlet", "host", "story_id", "family_id"), "a"
    )
    source |= {"language": "en", "title": "Granary lost", "version": 1, "is_copy": False}
    source |= {"dated_at": now, "first_seen_at": now}
    hit = {"_source": source, "_score": 1.0}
    head = hit | {"highlight": {"title": ["\x02Granary\x03 lost"], "body": ["the \x02old\x03 \x02granary\x03"]}}
    bucket = {"key": "a", "doc_count": 3, "head": {"hits": {"hits": [head]}}, "members": {"hits": {"hits": [hit, hit]}}}
    server = Server({"aggregations": {"groups": {"buckets": [bucket]}}})
    (found,) = open_groups(server, "n", SearchRequest(words="granary"), [hit])
    assert found.title == (Piece("Granary", is_match=True), Piece(" lost", is_match=False))
    assert [piece.text for piece in found.snippets[0] if piece.is_match] == ["old", "granary"]
    assert "".join(piece.text for piece in found.snippets[0]) == "the old granary"
    assert (found.folded_count, len(found.folded)) == (2, 1)
