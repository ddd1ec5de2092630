"""Condenses the diff of a version to the changed paragraphs, so that the history of a long live blog is readable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from newswire.text.diff import Changes


def condense(body: Sequence[Changes]) -> Iterator[Changes | int]:
    """Yield the changed paragraphs, each with its neighbours, and the number of unchanged ones between them."""
    is_changed = [any(part.change != "same" for part in paragraph) for paragraph in body]

    def is_near(place: int) -> bool:
        return any(is_changed[max(0, place - 1) : place + 2])

    for shown, places in groupby(range(len(body)), is_near):
        if shown:
            yield from (body[place] for place in places)
        else:
            yield len(list(places))
