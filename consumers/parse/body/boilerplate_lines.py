"""Lines that sites put between the paragraphs of an article, in several languages."""

from __future__ import annotations

from consumers.parse.vocabulary import pattern

_MAX_CHARS = 250
_MAX_DATED_CHARS = 120
_MAX_CONSENT_CHARS = 700
_WHOLE = pattern("whole_lines", r"^\W*{}\W*$")
_BEGIN = pattern("line_beginnings", r"^\W*{}")
_DATED = pattern("dated_lines")
_CONSENT = pattern("consent")
_DEMAND = pattern("demands")


def is_consent(text: str) -> bool:
    """Tell whether a paragraph asks for consent to cookies."""
    return "ookie" in text and len(text) <= _MAX_CONSENT_CHARS and bool(_CONSENT.search(text))


def is_demand(text: str) -> bool:
    """Tell whether a paragraph wants something of the reader before it shows the article."""
    return len(text) <= _MAX_CONSENT_CHARS and bool(_DEMAND.search(text))


def is_boilerplate(text: str) -> bool:
    """Tell whether a line is the site's and not the article's."""
    if len(text) > _MAX_CHARS:
        return is_consent(text)
    if len(text) < _MAX_DATED_CHARS and _DATED.match(text):
        return True
    return bool(_WHOLE.match(text) or _BEGIN.match(text)) or is_consent(text)
