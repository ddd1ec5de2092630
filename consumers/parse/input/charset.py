"""Decode a page from bytes to text, once, before any parser sees it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import cchardet
import webencodings

_META = re.compile(rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w:.\-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w:.\-]+)""")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEAD_BYTES = 8192  # pages put long comments and preloads before their meta
_BROKEN_SHARE = 0.02  # of the non-ASCII bytes; a legacy charset read as UTF-8 breaks nearly all of them

# Codecs whose own name is not a label of the standard
_LABELS = {"cp932": "shift_jis", "cp949": "euc-kr", "big5hkscs": "big5"}
# WHATWG decodes GBK as its superset GB18030
_SUPERSETS = {"gbk": "gb18030"}
_NO_CODECS = frozenset({"replacement", "x-user-defined"})  # encodings of the standard that are not for reading text


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as text, the charset it was decoded with, and how that was found out."""

    text: str
    charset: str
    source: str


def decode(raw: bytes, http_charset: str | None = None) -> Decoded:
    """Decode a page: by byte order mark, as UTF-8, by the declared charset or by detection, whichever fits first."""
    for bom, charset in _BOMS:
        if raw.startswith(bom):
            return Decoded(raw[len(bom) :].decode(charset, "replace"), charset, "bom")
    declared = [name for name in (_codec(http_charset), _codec(_declared(raw))) if name]
    if "iso2022_jp" in declared:  # seven bits: it would pass for UTF-8
        declared = ["iso2022_jp"]
    elif (text := _strict(raw, "utf-8")) is not None:
        return Decoded(text, "utf-8", "utf-8")
    if (text := _damaged_utf8(raw)) is not None:
        return Decoded(text, "utf-8", "damaged utf-8")
    for charset in declared:
        if charset != "utf-8" and (text := _strict(raw, charset)) is not None:
            return Decoded(text, charset, "declared")
    return _detected(raw)


def _declared(raw: bytes) -> str | None:
    head = raw[:_HEAD_BYTES]
    found = _META.search(head) or _XML.search(head)
    return found[1].decode("ascii", "replace") if found else None


def _codec(label: str | None) -> str | None:
    """Return Python's name of the codec that browsers use for a label; None for a label they do not know.

    Labels: WHATWG Encoding Standard, section 4.2; Python's own aliases ("latin-1", "cp949") are resolved to them.
    Codecs that only Python knows are left out: "hex" is not for text, and "punycode" takes time with the square.
    """
    name = (label or "").strip().strip("\"'").lower()
    alias = _python_codec(name) or ""
    encoding = webencodings.lookup(name) or webencodings.lookup(_LABELS.get(alias, alias))
    if encoding is None or encoding.name in _NO_CODECS:
        return None
    codec = encoding.codec_info.name
    return _SUPERSETS.get(codec, codec)


def _python_codec(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return None


def _strict(raw: bytes, charset: str) -> str | None:
    try:
        return raw.decode(charset)
    except (UnicodeError, ValueError):
        return None


def _damaged_utf8(raw: bytes) -> str | None:
    """Return the text of UTF-8 with a few broken bytes; None if it is another charset."""
    text = raw.decode("utf-8", "replace")
    non_ascii_bytes = len(raw) - len(raw.translate(None, bytes(range(128, 256))))
    return text if non_ascii_bytes and text.count("�") < _BROKEN_SHARE * non_ascii_bytes else None


def _detected_codec(raw: bytes) -> str | None:
    label = cchardet.detect(raw)["encoding"]
    return _codec(label) or _python_codec(label or "")


def _detected(raw: bytes) -> Decoded:
    guess = _detected_codec(raw)
    if guess and (text := _strict(raw, guess)) is not None:
        return Decoded(text, guess, "detected")
    if guess:
        return Decoded(raw.decode(guess, "replace"), guess, "detected with losses")
    return Decoded(raw.decode("cp1252", "replace"), "cp1252", "assumed")
