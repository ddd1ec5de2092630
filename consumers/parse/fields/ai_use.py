"""May the text be used by AI: what the page, its HTTP header and robots.txt say, and which of them decided."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consumers.parse.fields.head import PageHead

_NO_AI = re.compile(r"\bno(?:image)?ai\b", re.IGNORECASE)


def read_ai_use(head: PageHead, robots_tag: str | None, *, robots_txt: bool | None) -> tuple[bool | None, str]:
    """Return the word on AI use and who said it: any no is a no, else a yes is a yes; None where nobody speaks."""
    words = list(_words(head, robots_tag, robots_txt=robots_txt))
    return min(words, key=lambda word: word[0], default=(None, ""))


def _words(head: PageHead, robots_tag: str | None, *, robots_txt: bool | None) -> Iterator[tuple[bool, str]]:
    """Yield what is said, the page's own word first: of equals the first is named."""
    if _NO_AI.search(" ".join(head.metas.get("robots", ()))):
        yield False, "meta robots"
    if _NO_AI.search(robots_tag or ""):
        yield False, "x-robots-tag"
    if (reserved := head.text("tdm-reservation")) in {"0", "1"}:
        yield reserved == "0", "meta tdm-reservation"
    if robots_txt is not None:
        yield robots_txt, "robots.txt"
