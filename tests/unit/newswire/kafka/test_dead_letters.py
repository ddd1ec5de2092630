"""A dead letter always fits its topic, and says what it had to leave out."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from newswire.kafka.clients import DEAD_LETTER_RECORD_BYTES
from newswire.kafka.dead_letters import (
    EXCERPT_BYTES,
    MAX_KEY_BYTES,
    ROOM_FOR_OURS,
    build_dead_letter,
    read_dead_letter,
    retried_offset,
)
from newswire.stage import Reject
from newswire.testing.broker import MemoryRecord
from schemas.bounds import MAX_HEADER_BYTES
from schemas.dead_letters import DEAD_LETTER_HEADERS, RARE_DEAD_LETTER_HEADERS

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
LARGEST = DEAD_LETTER_RECORD_BYTES - MAX_KEY_BYTES - ROOM_FOR_OURS


def build(value=b"{}", key=b"k", headers=(), detail="why"):
    raw = MemoryRecord("articles", 3, 17, 0, key, value, headers)
    return build_dead_letter("index", "articles", raw, Reject("undecodable", detail), NOW)


def size(letter):
    headers = sum(len(name) + len(text) for name, text in letter.headers)
    return len(letter.key or b"") + len(letter.value or b"") + headers


@pytest.mark.parametrize(("length", "is_whole"), [(LARGEST, True), (LARGEST + 1, False), (3_000_000, False)])
def test_a_value_that_does_not_fit_is_cut(length, is_whole):
    """The beginning stays, and hash and size of the whole."""
    value = b"x" * length
    letter = build(value, detail="\U0001f4a5" * 5_000)
    headers = dict(letter.headers)
    assert letter.value == (value if is_whole else value[:EXCERPT_BYTES])
    assert headers.get("dlq.value.sha256") == (None if is_whole else hashlib.sha256(value).hexdigest().encode())
    assert headers.get("dlq.value.bytes") == (None if is_whole else str(length).encode())
    assert size(letter) <= DEAD_LETTER_RECORD_BYTES


@pytest.mark.parametrize(("length", "is_whole"), [(MAX_HEADER_BYTES - 1, True), (MAX_HEADER_BYTES, False)])
def test_headers_that_do_not_fit_are_left_out(length, is_whole):
    """A letter is readable whatever a writer has put into headers."""
    letter = build(headers=[("h", b"x" * length)])
    headers = dict(letter.headers)
    assert ("h" in headers) is is_whole
    assert headers.get("dlq.headers.bytes") == (None if is_whole else str(length + 1).encode())


def test_a_huge_key_is_cut():
    """Keys are for partitions; a letter needs its beginning only."""
    assert build(key=b"k" * 2_000_000).key == b"k" * MAX_KEY_BYTES


def test_a_letter_is_read_back():
    """Who, where, why and whether the value is whole."""
    letter = build(b"x" * 3_000_000)
    found = read_dead_letter(MemoryRecord("index-dlq", 0, 5, 0, letter.key, letter.value, letter.headers))
    assert (found.offset, found.origin, found.partition, found.origin_offset) == (5, "articles", 3, 17)
    assert (found.reason, found.detail, found.is_expected) == ("undecodable", "why", False)
    assert found.value_sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()


@pytest.mark.parametrize("number", [b"\xff", b"-1", b"", b"1e3", b"9" * 100, "\u0663".encode()])
def test_headers_that_others_wrote_break_nothing(number):
    """Anybody may write to a dead-letter topic; what is not a number counts as none."""
    headers = [("dlq.topic", b"articles"), ("dlq.partition", number), ("dlq.offset", number)]
    found = read_dead_letter(MemoryRecord("index-dlq", 0, 5, 0, b"", b"", headers))
    assert (found.partition, found.origin_offset) == (0, 0)
    assert retried_offset(MemoryRecord("index-dlq", 0, 5, 0, b"", None, [("dlq.retried", number)])) is None


def test_every_header_is_described():
    """The list that the contracts page is made from is complete."""
    names = {name for name, _ in build(b"x" * 3_000_000, headers=[("h", b"x" * MAX_HEADER_BYTES)]).headers}
    assert names == DEAD_LETTER_HEADERS.keys() | RARE_DEAD_LETTER_HEADERS.keys() - {"dlq.retried"}
