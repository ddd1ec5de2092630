"""The analyzer of each language: how Elasticsearch splits and stems titles and texts."""

from __future__ import annotations

# ISO 639 code -> the suffix of its own title and body fields, and suffix -> Lucene's analyzer for it.
# Chinese, Japanese and Korean are cut into pairs of characters: that needs no dictionary.
SUFFIXES = {"zh": "cjk", "ja": "cjk", "ko": "cjk"}
ANALYZERS = {
    "ar": "arabic",
    "cjk": "cjk",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "ru": "russian",
    "tr": "turkish",
}
EXACT = "folded"  # words as they stand, without case and accents


def suffix_of(language: str) -> str | None:
    """Return the suffix of the stemmed fields of a language; None where only exact words are kept."""
    suffix = SUFFIXES.get(language, language)
    return suffix if suffix in ANALYZERS else None
