"""Clean the names of authors, whatever a site put in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from consumers.parse.vocabulary import pattern
from consumers.parse.words import fold

_BY = pattern("bylines", r"^\s*{}\s*[:：]?\s+")
_SEPARATOR = re.compile(r"\s*(?:;|\||•|·|\band\b|\bund\b|\bet\b|&)\s*|,\s+|、", re.IGNORECASE)
_JOB = pattern("job_endings", r"\s*{}$")
_NOT_A_NAME = pattern("no_names")
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "md", "phd", "ph.d.", "m.d."})
_MAX_NAME_CHARS = 80
_MAX_NAME_WORDS = 6
_MAX_NAMES = 30
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SLUG = re.compile(r"^[a-z]{2,}(?:-[a-z]{2,}){1,3}$")


def clean_names(bylines: Iterable[str]) -> tuple[str, ...]:
    """Return the names in order, each once, without "by", URLs, mail addresses, job titles and placeholders."""
    kept: dict[str, str] = {}
    for entry in bylines:
        for part in _parts(" ".join(entry.split())):
            name = _from_slug(_JOB.sub("", _BY.sub("", _ASIDE.sub("", part)))).strip(' .,-–—:*"“”')
            if (
                name
                and len(name) <= _MAX_NAME_CHARS
                and len(name.split()) <= _MAX_NAME_WORDS
                and not _NOT_A_NAME.search(name)
            ):
                kept.setdefault(name.casefold(), name)
    return tuple(kept.values())[:_MAX_NAMES]


def _parts(entry: str) -> list[str]:
    """Return the parts of "A, B and C"; the comma of "A, Jr." belongs to the name."""
    parts: list[str] = []
    for part in _SEPARATOR.split(entry):
        if parts and part.casefold() in _SUFFIXES:
            parts[-1] += f", {part}"
        else:
            parts.append(part)
    return parts


def _from_slug(name: str) -> str:
    return name.replace("-", " ").title() if _SLUG.match(name.strip()) else name


def house_names(url: str) -> tuple[str, ...]:
    """Return the names of an outlet in its URL, which it may sign with: "example.com" and "example"."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return (host, host.split(".")[0])


def without_house(names: Sequence[str], house: frozenset[str]) -> tuple[str, ...]:
    """Return the names without the outlet's own (`house`, folded), if there are others."""
    return tuple(name for name in names if fold(name) not in house) or tuple(names)


def is_house(names: Iterable[str], house: frozenset[str]) -> bool:
    """Return whether all names are the outlet's own (`house`, folded)."""
    return all(any(fold(name) in own or own in fold(name) for own in house if len(own) > 2) for name in names)
