"""Malformed records of every kind that a topic may come to hold, made from a topic's golden example."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

import schemas
from newswire.kafka.body_store import pack_body
from schemas.topics import Topic

EXAMPLES: Final = Path(schemas.__file__).parent / "examples"
Headers = tuple[tuple[str, bytes], ...]
Document = dict[str, Any]
ACCEPTED: Final = frozenset[str]()  # odd, and yet a message: it must flow
UNDECODABLE: Final = frozenset({"undecodable"})
DEPTH: Final = 100_000
PAGE: Final = (
    b"<html><title>Ferry runs again</title><body><article><h1>Ferry runs again</h1>"
    + 5
    * (
        b"<p>The ferry across Kestrel Bay runs again since Monday, said the harbour master, after divers had freed the "
        b"rudder of a net that a trawler lost in last week's storm.</p>"
    )
    + b"</article></body></html>"
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """One record and the reasons with which it may end as a dead letter; none where it must flow."""

    kind: str
    value: bytes | None
    reasons: frozenset[str] = UNDECODABLE
    headers: Headers = ()
    key: bytes | None = field(default=b"malformed")


def read_example(topic: Topic[Any]) -> Document:
    """Return a topic's first golden message as plain data."""
    path = min((EXAMPLES / f"{topic.name}.v{topic.version}").glob("*.json"))
    document: Document = msgspec.json.decode(path.read_bytes())
    if topic.name == "fetched-pages":
        document |= {"body": pack_body(PAGE), "body_ref": None}
    return document


def make_malformed(topic: Topic[Any]) -> Iterator[Malformed]:
    """Yield a record of each kind that this topic can hold."""
    document = read_example(topic)
    yield from _broken_bytes(msgspec.json.encode(document))
    yield from _broken_values(document, topic)
    yield from _odd_envelopes(document, topic)
    for name, make in _OF_TOPIC.items():
        if name == topic.name:
            yield from make(document)


def _broken_bytes(good: bytes) -> Iterator[Malformed]:
    values = {
        "empty": b"",
        "blank": b" \n",
        "truncated": good[: len(good) // 2],
        "one-byte-short": good[:-1],
        "two-documents": good + good,
        "not-json": b"<html>502 Bad Gateway</html>",
        "gzip": gzip.compress(good, mtime=0),
        "invalid-utf8": b"\xff\xfe" + good,
        "invalid-utf8-in-a-string": good.replace(b'"', b'"\xc3\x28', 1),
        "utf16": good.decode().encode("utf-16"),
        "byte-order-mark": b"\xef\xbb\xbf" + good,
        "deep-arrays": b"[" * DEPTH,
        "deep-objects": b'{"a":' * DEPTH,
        "deep-in-an-unknown-field": good[:-1] + b',"x":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "null": b"null",
        "number": b"17",
        "string": b'"text"',
        "list": b"[" + good + b"]",
        "empty-object": b"{}",
        "nan": good[:-1] + b',"x":NaN}',
        "single-quotes": good.replace(b'"', b"'"),
    }
    return (Malformed(kind, value) for kind, value in values.items())


def _broken_values(document: Document, topic: Topic[Any]) -> Iterator[Malformed]:
    fields = topic.message.__struct_fields__
    required = [each.name for each in msgspec.structs.fields(topic.message) if each.required]
    time = next(name for name in required if name.endswith("_at") or name == "at")
    text = next(name for name in fields if name in ("source", "headline", "query_name"))
    for kind, name, values in (
        ("id", topic.key, _IDS if topic.key.endswith("_id") and topic.key != "request_id" else ()),
        ("time", time, _TIMES),
        ("text", text, [17, None, [], {}]),
        ("counter", next((each for each in ("version", "revision") if each in fields), ""), _COUNTERS),
        ("name", "source" if "source" in fields else "", ["a\x00b", "a\nb", "s" * 100_000]),
        ("url", "url" if "url" in fields else "", ["https://a.example/" + "u" * 10_000, "https://a.example/\x00"]),
        ("language", "language" if "language" in fields else "", ["english", "EN", "en\n", ""]),
    ):
        chosen: Sequence[Any] = values if name else ()
        for number, value in enumerate(chosen):
            yield Malformed(f"{kind}-{number}", msgspec.json.encode(document | {name: value}))
    yield Malformed("missing-field", msgspec.json.encode({k: v for k, v in document.items() if k != time}))
    yield Malformed(
        "huge-integer", msgspec.json.encode(document)[:-1] + b',"' + time.encode() + b'":1' + b"0" * 400 + b"}"
    )


_IDS: Final = (
    None, 17, "", "a" * 31, "a" * 33, "A" * 32, "a" * 32 + "\n", "a\x00" * 16, "../" * 11, "a" * 900_000,
)  # fmt: skip
_TIMES: Final = (
    None, 17, "", "yesterday", "2026-03-01", "2026-03-01T10:00:00", "2026-13-01T10:00:00Z", "2026-02-30T10:00:00Z",
    "9999-12-31T23:59:59.9999999-05:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "2026-03-01T10:00:00+99:00",
)  # fmt: skip
_COUNTERS: Final = (None, "1", 1.5, 2**31, 2**63, 10**30)


def _odd_envelopes(document: Document, topic: Topic[Any]) -> Iterator[Malformed]:
    good = msgspec.json.encode(document)
    message = topic.message.__name__

    def typed(kind: str, given: bytes, reason: str) -> Malformed:
        return Malformed(kind, good, frozenset({reason}), (("ce_type", given),))

    yield typed("another-message", b"newswire.Banana.v1", "wrong-type")
    yield typed("anothers-message", b"com.example.order.created", "wrong-type")
    yield typed("type-of-no-version", f"newswire.{message}".encode(), "wrong-type")
    yield typed("type-that-is-not-text", b"\xff\xfe", "wrong-type")
    yield typed("next-version", f"newswire.{message}.v{topic.version + 1}".encode(), "unknown-version")
    yield typed("far-version", f"newswire.{message}.v99".encode(), "unknown-version")
    yield Malformed(
        "many-headers", good, frozenset({"headers-too-large"}), tuple(("h", b"x" * 100) for _ in range(1_000))
    )
    if topic.compression != "uncompressed":  # else the broker itself refuses it
        yield Malformed(
            "three-megabytes", good[:-1] + b',"x":"' + b"a" * 3_000_000 + b'"}', frozenset({"record-too-large"})
        )
    yield Malformed("padded", good[:-1] + b',"x":"' + b"a" * 900_000 + b'"}', ACCEPTED)
    for number, event in enumerate(
        (b"5f0c1c1e-7f5e-4d1c-9d0e-0d6a4b0f8a11", b"not-hex", b"-1", b"", b"\xff", b"1" * 5_000)
    ):
        yield Malformed(f"event-id-{number}", good, ACCEPTED, (("ce_id", event),))
    yield Malformed("broken-trace", good, ACCEPTED, (("traceparent", b"\xff-00-zz"),))
    yield Malformed("unknown-field", good[:-1] + b',"from_the_future":{"a":[1,2]}}', ACCEPTED)
    if not topic.compacted:  # the broker itself refuses records without a key there
        yield Malformed("no-key", good, ACCEPTED, key=None)
        yield Malformed("no-value", None)
    yield Malformed("binary-key", good, ACCEPTED, key=b"\x00\xff" * 40)


def _pages(document: Document) -> Iterator[Malformed]:
    bomb = pack_body(b"<p>a</p>" * 4_000_000)
    bodies: dict[str, Document] = {
        "blob-missing": {"body": None, "body_ref": "0" * 64},
        "blob-path": {"body": None, "body_ref": "../../../../etc/passwd"},
        "blob-absolute": {"body": None, "body_ref": "/etc/passwd"},
        "blob-nul": {"body": None, "body_ref": "a\x00b"},
        "no-body-at-all": {"body": None, "body_ref": None},
        "body-not-zstd": {"body": b"<p>plain</p>"},
        "body-cut-off": {"body": pack_body(b"<p>words</p>" * 1_000)[:-9]},
        "body-bomb": {"body": bomb},
    }
    for kind, changes in bodies.items():
        yield Malformed(kind, msgspec.json.encode(document | changes), frozenset({"no-body"}))
    hostile = {"feed": {"published_at": "9999-12-31T23:59:59-05:00"}}
    yield Malformed("feed-date", msgspec.json.encode(document | hostile))


def _fingerprints(document: Document) -> Iterator[Malformed]:
    """A fingerprint that is none is taken again from the text."""
    header = b"\x02\0\0\0" + (3).to_bytes(4, "little") + (1).to_bytes(4, "little") + (1).to_bytes(4, "little")
    values = {
        "fingerprint-empty": b"",
        "fingerprint-short": b"\x02\0\0",
        "fingerprint-version": b"\x63" + header[1:],
        "fingerprint-length": header,
        "fingerprint-start-beyond": header + b"\0" * 8 + b"\1\0\0\0" * 3 + b"\xff\xff\0\0" + b"\0\0\0\0",
        "fingerprint-number-beyond": header + b"\0" * 8 + b"\1\0\0\0" * 3 + b"\0\0\0\0" + b"\xff\xff\xff\xff",
    }
    for kind, value in values.items():
        yield Malformed(kind, msgspec.json.encode(document | {"fingerprint": value}), ACCEPTED)


_OF_TOPIC: Final[dict[str, Callable[[Document], Iterator[Malformed]]]] = {
    "fetched-pages": _pages,
    "parsed-articles": _fingerprints,
}
