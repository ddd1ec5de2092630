"""Bytes to text, once, before any parser sees the page."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import cchardet

_META = re.compile(rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w:.\-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w:.\-]+)""")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEAD_BYTES = 8192  # pages put long comments and preloads before their meta
_BROKEN_SHARE = 0.02  # of the non-ASCII bytes; a legacy charset read as UTF-8 breaks nearly all of them

# What browsers read under a label: the superset that pages really use (WHATWG Encoding Standard)
_SUPERSETS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "uhc": "cp949",
    "big5": "big5hkscs",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as text, the charset it was read in, and who said so."""

    text: str
    charset: str
    source: str


def decode(raw: bytes, http_charset: str | None = None) -> Decoded:
    """Read a page: byte order mark, strict UTF-8, the declared charset if it fits strictly, then detection."""
    for bom, charset in _BOMS:
        if raw.startswith(bom):
            return Decoded(raw[len(bom) :].decode(charset, "replace"), charset, "bom")
    declared = [name for name in (_known(http_charset), _known(_declared(raw))) if name]
    if "iso2022_jp" in declared:  # seven bits: it would pass for UTF-8
        declared = ["iso2022_jp"]
    elif (text := _strict(raw, "utf-8")) is not None:
        return Decoded(text, "utf-8", "utf-8")
    if (text := _mended_utf8(raw)) is not None:
        return Decoded(text, "utf-8", "utf-8 mended")
    for charset in declared:
        if charset != "utf-8" and (text := _strict(raw, charset)) is not None:
            return Decoded(text, charset, "declared")
    return _detected(raw)


def _declared(raw: bytes) -> str | None:
    head = raw[:_HEAD_BYTES]
    found = _META.search(head) or _XML.search(head)
    return found[1].decode("ascii", "replace") if found else None


def _known(label: str | None) -> str | None:
    """Return Python's name of a charset label; None for a label that means nothing."""
    if not label:
        return None
    name = label.strip().strip("\"'").lower()
    try:
        return codecs.lookup(_SUPERSETS.get(name, name)).name
    except LookupError:
        return None


def _strict(raw: bytes, charset: str) -> str | None:
    try:
        return raw.decode(charset)
    except (UnicodeError, ValueError):
        return None


def _mended_utf8(raw: bytes) -> str | None:
    """Read UTF-8 with a few broken bytes; None where it is another charset."""
    text = raw.decode("utf-8", "replace")
    foreign_bytes = len(raw) - len(raw.translate(None, bytes(range(128, 256))))
    return text if foreign_bytes and text.count("�") < _BROKEN_SHARE * foreign_bytes else None


def _detected(raw: bytes) -> Decoded:
    guess = _known(cchardet.detect(raw)["encoding"])
    if guess and (text := _strict(raw, guess)) is not None:
        return Decoded(text, guess, "detected")
    if guess:
        return Decoded(raw.decode(guess, "replace"), guess, "detected with losses")
    return Decoded(raw.decode("cp1252", "replace"), "cp1252", "assumed")
