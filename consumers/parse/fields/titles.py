"""Cut the site's name and section from headlines."""

from __future__ import annotations

import re

from consumers.parse.words import fold

_SEPARATOR = re.compile(r"\s+[|\-–—•·»:]+\s+|\s*\|\s*")
_EDGES = " |-–—•·»:"


def cut_site(title: str, site: str | None, heading: str | None) -> str:
    """Return a title without the site's name at either end, and without what follows the visible headline."""
    parts = _SEPARATOR.split(title)
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
    """Return the first `count` parts of a title with the dashes between them."""
    end = 0
    for part in parts[:count]:
        end = title.index(part, end) + len(part)
    return title[:end].rstrip(_EDGES)
