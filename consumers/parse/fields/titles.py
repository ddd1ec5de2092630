"""Headlines without the site's own name and section behind or before them."""

from __future__ import annotations

import re

from consumers.parse.words import fold

_PARTING = re.compile(r"\s+[|\-–—•·»:]+\s+|\s*\|\s*")
_EDGES = " |-–—•·»:"


def cut_site(title: str, site: str | None, heading: str | None) -> str:
    """Cut the site's name from either end of a title, and all that the visible headline does not have behind it."""
    parts = _PARTING.split(title)
    if len(parts) < 2:
        return title
    if heading and (head := fold(heading)) and head != fold(title):
        for count in range(len(parts) - 1, 0, -1):
            if fold("".join(parts[:count])) == head:
                return _before(title, parts, count)
    if site and fold(parts[-1]) in {fold(site), f"{fold(site)}com"}:
        return _before(title, parts, len(parts) - 1)
    if site and fold(parts[0]) == fold(site):
        return title[len(parts[0]) :].lstrip(_EDGES)
    return title


def _before(title: str, parts: list[str], count: int) -> str:
    """Return the title up to its first `count` parts, its own dashes kept."""
    end = 0
    for part in parts[:count]:
        end = title.index(part, end) + len(part)
    return title[:end].rstrip(_EDGES)
