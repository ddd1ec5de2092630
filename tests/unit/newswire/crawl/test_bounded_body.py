"""Bodies within bounds: bombs go off outside, good bodies come through."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import brotli
import pytest
import zstandard

from newswire.crawl.bounded_body import (
    BadEncodingError,
    TooLargeError,
    read_bounded,
    read_head,
    unpack,
    unpack_head,
)

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
    """Bytes that are not encoded as declared do not pass for a body."""
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


@pytest.mark.parametrize("size", [9, 10, 11])
def test_a_stream_of_the_limit_is_read_and_one_byte_more_is_not(size):
    """The limit itself is allowed."""

    async def chunks():
        yield b"x" * size

    if size <= 10:
        assert len(asyncio.run(read_bounded(chunks(), 10))) == size
    else:
        with pytest.raises(TooLargeError):
            asyncio.run(read_bounded(chunks(), 10))


def test_the_head_of_a_stream_is_read_and_no_more():
    """An endless stream gives its first bytes; a short one all it has."""
    taken = []

    async def endless():
        while True:
            taken.append(1)
            yield b"x" * 1_000

    assert asyncio.run(read_head(endless(), 2_500)) == b"x" * 2_500
    assert len(taken) == 3

    async def short():
        yield b"ab"

    assert asyncio.run(read_head(short(), 10)) == b"ab"


@pytest.mark.parametrize("name", [*PACKERS, "identity"])
def test_the_head_of_a_packed_body_is_unpacked_even_if_the_rest_is_missing(name):
    """A body cut off on the wire gives its first bytes in every encoding."""
    whole = b"".join(f"line {number}\n".encode() for number in range(200_000))
    packed = PACKERS[name](whole) if name in PACKERS else whole
    assert unpack_head(packed[: len(packed) * 3 // 4], name, 1_000) == whole[:1_000]
    assert unpack_head(PACKERS[name](TEXT) if name in PACKERS else TEXT, name, len(TEXT) + 1) == TEXT
