"""Read a response's body within bounds: so many bytes over the wire, so many after unpacking.

The bound of a page is the setting `max_body_bytes`.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterable, Callable
from typing import Final

import brotli
import zstandard

ACCEPT_ENCODING: Final = "gzip, deflate, br, zstd"
_STEP: Final = 1 << 16


class TooLargeError(Exception):
    """The body is longer than the limit, packed or unpacked; `head` is what was unpacked until then."""

    def __init__(self, head: bytes = b"") -> None:
        super().__init__("too large")
        self.head = head


class BadEncodingError(Exception):
    """The body is not encoded as its headers declare."""


async def read_bounded(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    """Collect a stream of at most `limit` bytes; raises TooLargeError at the first byte beyond."""
    collected = bytearray()
    async for chunk in chunks:
        collected += chunk
        if len(collected) > limit:
            raise TooLargeError
    return bytes(collected)


async def read_head(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    """Collect the first `limit` bytes of a stream and read no further."""
    collected = bytearray()
    async for chunk in chunks:
        collected += chunk
        if len(collected) >= limit:
            break
    return bytes(collected[:limit])


def unpack(packed: bytes, encodings: str, limit: int) -> bytes:
    """Undo a Content-Encoding, outermost first; never holds more than `limit` bytes of result.

    Raises:
        TooLargeError: the result is longer.
        BadEncodingError: the encoding is unknown, or the body is not encoded that way.
    """
    for name in _encodings(encodings):
        packed = _decode(name, packed, limit)
    return packed


def unpack_head(packed: bytes, encodings: str, limit: int) -> bytes:
    """Undo a Content-Encoding, keeping the first `limit` bytes; raises BadEncodingError as `unpack` does."""
    for name in _encodings(encodings):
        try:
            packed = _decode(name, packed, limit)
        except TooLargeError as error:
            packed = error.head
    return packed[:limit]


def _encodings(header: str) -> list[str]:
    """Return the encodings that a header names, the one applied last first."""
    return [name.strip().lower() for name in reversed(header.split(",")) if name.strip()]


def _decode(name: str, packed: bytes, limit: int) -> bytes:
    if name == "identity" or not packed:
        return packed
    if name not in _DECODERS:
        raise BadEncodingError(name)
    try:
        return _DECODERS[name](packed, limit)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
        raise BadEncodingError(f"{name}: {error}") from error


def gunzip_bounded(packed: bytes, limit: int) -> bytes:
    """Unpack a file that is gzip itself, such as sitemap.xml.gz; return other bytes unchanged."""
    return unpack(packed, "gzip", limit) if packed[:2] == b"\x1f\x8b" else packed


def _bounded(step: Callable[[], bytes], limit: int) -> bytes:
    unpacked = bytearray()
    while piece := step():
        unpacked += piece
        if len(unpacked) > limit:
            raise TooLargeError(bytes(unpacked[:limit]))
    return bytes(unpacked)


def _gzip(packed: bytes, limit: int, window_bits: int = zlib.MAX_WBITS | 32) -> bytes:
    decoder = zlib.decompressobj(window_bits)
    rest = packed

    def step() -> bytes:
        nonlocal decoder, rest
        if decoder.eof and decoder.unused_data[:2] == b"\x1f\x8b":  # a gzip file may have several members
            rest, decoder = decoder.unused_data, zlib.decompressobj(window_bits)
        piece = decoder.decompress(rest, _STEP)
        rest = decoder.unconsumed_tail
        return piece

    unpacked = _bounded(step, limit)
    if not decoder.eof:
        raise EOFError("cut off")
    return unpacked


def _deflate(packed: bytes, limit: int) -> bytes:
    try:
        return _gzip(packed, limit)
    except zlib.error:  # servers disagree on whether deflate has zlib's header
        return _gzip(packed, limit, -zlib.MAX_WBITS)


def _brotli(packed: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    first = decoder.process(packed, output_buffer_limit=_STEP)
    pieces = iter([first])

    def step() -> bytes:
        return next(pieces, b"") or (
            b"" if decoder.is_finished() else bytes(decoder.process(b"", output_buffer_limit=_STEP))
        )

    unpacked = _bounded(step, limit)
    if not decoder.is_finished():
        raise EOFError("cut off")
    return unpacked


def _zstd(packed: bytes, limit: int) -> bytes:
    decoder = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    with decoder.stream_reader(io.BytesIO(packed), read_across_frames=True) as reader:
        return _bounded(lambda: reader.read(_STEP), limit)


_DECODERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
