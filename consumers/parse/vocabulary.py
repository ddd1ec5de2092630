"""Load the word lists of vocabulary.yml as sets and patterns."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def _lists() -> dict[str, Any]:
    text = files("consumers.parse").joinpath("vocabulary.yml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def words(name: str) -> frozenset[str]:
    """Return a list of words as a set."""
    return frozenset(names(name))


def names(name: str) -> tuple[str, ...]:
    """Return a list of words in its order."""
    listed = _lists()[name]
    return tuple(listed.split() if isinstance(listed, str) else listed)


def words_by_language(name: str) -> dict[str, frozenset[str]]:
    """Return the words of a list by language."""
    return {language: frozenset(listed.split()) for language, listed in _lists()[name].items()}


def pattern(name: str, frame: str = "{}") -> re.Pattern[str]:
    """Return a list of alternatives as one pattern; `frame` is the pattern around it."""
    return re.compile(frame.replace("{}", f"(?:{'|'.join(_lists()[name])})"), re.IGNORECASE | re.DOTALL)
