"""Bodies within bounds: bombs go off outside, good bodies come through."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import brotli
import pytest
import zstandard

from newswire.crawl.bounded_body import BadEncodingError, TooLargeError, read_bounded, unpack

PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda raw: brotli.compress(raw, quality=3),
    "zstd": zstandard.compress,
}
TEXT = b"text of some length, " * 10_000


@pytest.mark.parametrize("name", PACKERS)
def test_every_encoding_we_ask_for_is_undone(name):
    """A body of exactly the limit comes through, one byte more does not."""
    packed = PACKERS[name](TEXT)
    assert unpack(packed, name, len(TEXT)) == TEXT
    with pytest.raises(TooLargeError):
        unpack(packed, name, len(TEXT) - 1)


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_stops_at_the_limit(name):
    """Thirty megabytes in a few bytes cost no more than the limit."""
    bomb = PACKERS[name](bytes(30_000_000))
    with pytest.raises(TooLargeError):
        unpack(bomb, name, 1_000_000)


@pytest.mark.parametrize("name", PACKERS)
def test_rubbish_is_bad_encoding(name):
    """Bytes that are not packed as said do not pass for a body."""
    with pytest.raises(BadEncodingError):
        unpack(b"plain text, no compression at all", name, 1_000)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br"])
def test_a_body_cut_off_is_bad_encoding(name):
    """Half an article is not an article."""
    with pytest.raises(BadEncodingError):
        unpack(PACKERS[name](TEXT)[:-9], name, len(TEXT))


def test_encodings_in_layers_members_and_without_header():
    """Two layers, two gzip members, raw deflate, none: as servers do it."""
    assert unpack(gzip.compress(zlib.compress(TEXT)), "deflate, gzip", len(TEXT)) == TEXT
    assert unpack(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 10) == b"ab"
    assert unpack(zlib.compress(TEXT)[2:-4], "deflate", len(TEXT)) == TEXT
    assert unpack(TEXT, "identity", len(TEXT)) == TEXT
    assert unpack(b"", "gzip", 10) == b""
    with pytest.raises(BadEncodingError):
        unpack(TEXT, "compress", len(TEXT))


def test_reading_stops_at_the_first_byte_too_many():
    """An endless stream is left as soon as it is too long."""
    taken = []

    async def endless():
        while True:
            taken.append(1)
            yield b"x" * 1_000

    with pytest.raises(TooLargeError):
        asyncio.run(read_bounded(endless(), 10_500))
    assert len(taken) == 11
