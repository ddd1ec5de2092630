"""Authors as a clean list of names, out of whatever a site put where names belong."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BY = re.compile(
    r"^\s*(?:by|von|par|por|di|door|af|av|autor(?:en|in|innen)?|author|text|written by|reported by|redaktion|от|автор|المؤلف|بقلم|作者|文|記者)\s*[:：]?\s+",
    re.IGNORECASE,
)
_PARTING = re.compile(r"\s*(?:;|\||•|·|\band\b|\bund\b|\bet\b|&)\s*|,\s+|、", re.IGNORECASE)
_NOT_A_NAME = re.compile(
    r"^(?:https?://|www\.|@)|\S+@\S+\.\w|^(?:admin|administrator|editor|guest|null|none|undefined|unknown|anonymous|n/?a|user|webmaster|test)$|^\W*$|\d{3,}",
    re.IGNORECASE,
)
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "md", "phd", "ph.d.", "m.d."})
_MAX_NAME_CHARS = 80
_MAX_NAMES = 30


def clean_names(said: Iterable[str]) -> tuple[str, ...]:
    """Return the names in order, each once, without "by", addresses and placeholders."""
    kept: dict[str, str] = {}
    for entry in said:
        for part in _parts(" ".join(entry.split())):
            name = _BY.sub("", part).strip(' .,-–—:*"“”')
            if name and len(name) <= _MAX_NAME_CHARS and not _NOT_A_NAME.search(name):
                kept.setdefault(name.casefold(), name)
    return tuple(kept.values())[:_MAX_NAMES]


def _parts(entry: str) -> list[str]:
    """Part "A, B and C", but keep "A Jr., B" whole where the comma belongs to the name."""
    parts: list[str] = []
    for part in _PARTING.split(entry):
        if parts and part.casefold() in _SUFFIXES:
            parts[-1] += f", {part}"
        else:
            parts.append(part)
    return parts
