"""Decide whether AI may use the text, by the page's metas, its HTTP header and robots.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consumers.parse.fields.head import PageHead

_NO_AI = re.compile(r"\bno(?:image)?ai\b", re.IGNORECASE)


def read_ai_use(head: PageHead, robots_tag: str | None, *, robots_txt: bool | None) -> tuple[bool | None, str]:
    """Return whether AI use is allowed, and which source decided: one no outweighs every yes; None if none states it.

    `robots_tag` is the X-Robots-Tag header, `robots_txt` what robots.txt allows.
    """
    statements = list(_statements(head, robots_tag, robots_txt=robots_txt))
    return min(statements, key=lambda statement: statement[0], default=(None, ""))


def _statements(head: PageHead, robots_tag: str | None, *, robots_txt: bool | None) -> Iterator[tuple[bool, str]]:
    """Yield what each source allows, the page's own metas first: of equals, the first is named.

    `tdm-reservation` is of the W3C's TDM Reservation Protocol.
    """
    if _NO_AI.search(" ".join(head.metas.get("robots", ()))):
        yield False, "meta robots"
    if _NO_AI.search(robots_tag or ""):
        yield False, "x-robots-tag"
    if (reserved := head.text("tdm-reservation")) in {"0", "1"}:
        yield reserved == "0", "meta tdm-reservation"
    if robots_txt is not None:
        yield robots_txt, "robots.txt"
