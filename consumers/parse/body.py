"""The body of an article."""

from __future__ import annotations

from dataclasses import dataclass

import trafilatura

from consumers.parse.jsonld import ArticleData


@dataclass(frozen=True, slots=True)
class Body:
    """Paragraphs parted by an empty line, which reader won, and how far two readers agreed."""

    text: str
    reader: str
    agreement: float | None = None


def read_body(text: str, url: str, data: ArticleData) -> Body:
    """Read the body with trafilatura; JSON-LD where the page itself holds next to nothing."""
    found = trafilatura.extract(text, url=url, favor_precision=True, include_comments=False) or ""
    if data.body and len(data.body) > 400 and len(data.body) > 1.5 * len(found):
        return Body("\n\n".join(line for line in data.body.splitlines() if line.strip()), "jsonld")
    return Body("\n\n".join(found.splitlines()), "trafilatura")
