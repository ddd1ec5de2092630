"""Find the article's language, from its text first: it decides which articles dedupe compares."""

from __future__ import annotations

import re

from py3langid.langid import classify

from consumers.parse.vocabulary import words_by_language

_SAMPLE_CHARS = 500
_ENOUGH_LETTERS = 80
_SMALL_WORDS = words_by_language("small_words")
_SMALL_SHARE = 0.15
_CLEARLY = 0.6
_CODE = re.compile(r"^([a-z]{2,3})(?:[-_].*)?$", re.IGNORECASE)
_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "zho": "zh", "cmn": "zh", "eng": "en", "fil": "tl"}
# Distinguished by a few words only: among these the page's declaration counts more than statistics
_SIBLINGS = (
    frozenset({"hr", "sr", "bs"}),
    frozenset({"id", "ms"}),
    frozenset({"no", "da"}),
    frozenset({"cs", "sk"}),
    frozenset({"es", "gl", "an"}),
    frozenset({"pt", "gl"}),
    frozenset({"af", "nl"}),
    frozenset({"ru", "uk", "be", "bg", "mk"}),
    frozenset({"de", "lb"}),
    frozenset({"ar", "fa", "ur", "ps"}),
    frozenset({"hi", "mr", "ne"}),
)


def find_language(body: str, *hints: str | None) -> tuple[str, str]:
    """Return an ISO 639 code and where it came from; hints are what page and source declare, the surest first."""
    declared = next((code for hint in hints if (code := _code(hint))), None)
    sample = body[:_SAMPLE_CHARS]
    if sum(map(str.isalpha, sample)) < _ENOUGH_LETTERS:
        return (declared, "page") if declared else (_detect(sample), "text") if sample.strip() else ("und", "none")
    likely = declared or "en"  # English has no close relatives with the same small words
    if _reads_like(likely, sample):
        return likely, "text"
    found = _detect(sample)
    if declared and declared != found and any({declared, found} <= siblings for siblings in _SIBLINGS):
        return declared, "page"
    return found, "text"


def _reads_like(code: str, sample: str) -> bool:
    """Return whether the small words of a text are clearly those of the language that the page declares.

    Ten times as fast as statistics over all languages; a page in another language than declared does not pass.
    """
    own = _SMALL_WORDS.get(code)
    if not own:
        return False
    words = sample.lower().split()
    share = sum(word in own for word in words) / len(words)
    return share >= _SMALL_SHARE and all(
        sum(word in other for word in words) < _CLEARLY * share * len(words)
        for other in _SMALL_WORDS.values()
        if other is not own
    )


def _detect(sample: str) -> str:
    code = str(classify(sample)[0])
    return _SAME.get(code, code)


def _code(hint: str | None) -> str | None:
    found = _CODE.match(hint.strip()) if hint else None
    code = found[1].lower() if found else None
    return _SAME.get(code, code) if code and code not in {"und", "mul", "xx"} else None
