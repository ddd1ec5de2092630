"""One rule decides which member of a family is shown; Elasticsearch and Python follow it alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from newswire.search.representative import REPRESENTATIVE_ORDER, representative_key
from newswire.search.results import FoundArticle

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def member(name, **changes):
    names = dict.fromkeys(("url", "canonical_url", "source", "outlet", "host"), name)
    ids = {"article_id": name, "story_id": "s", "family_id": "f"}
    times = {"dated_at": NOON, "first_seen_at": NOON, "published_at": NOON}
    rest = {"language": "en", "title": "Siren", "version": 1, "is_copy": True, "word_count": 100}
    return FoundArticle(**names | ids | times | rest | changes)


FAMILIES = {
    # criterion -> the representative, and members that lose only by that criterion and win by all the later ones
    "agency": (
        member("z", is_agency=True, published_at=NOON + HOUR, word_count=1, first_seen_at=NOON + HOUR),
        member("a", published_at=NOON, word_count=900, is_copy=False),
    ),
    "published first": (
        member("z", published_at=NOON, word_count=1, first_seen_at=NOON + HOUR),
        member("a", published_at=NOON + HOUR, word_count=900, is_copy=False),
        member("b", published_at=None, word_count=900, is_copy=False),
    ),
    "longest": (
        member("z", word_count=101, first_seen_at=NOON + HOUR),
        member("a", word_count=100, is_copy=False),
        member("b", word_count=0, is_copy=False),
    ),
    "first seen": (
        member("z", first_seen_at=NOON),
        member("a", first_seen_at=NOON + HOUR, is_copy=False),
    ),
    "not a copy": (member("z", is_copy=False), member("a")),
    "smallest id": (member("a"), member("z")),
}


def sort_as_the_server(members):
    """Sort as Elasticsearch does by REPRESENTATIVE_ORDER: by the last key first, stably, missing values last."""
    found = list(members)
    for clause in reversed(REPRESENTATIVE_ORDER):
        ((field, how),) = clause.items()
        assert how["missing"] == "_last"
        present = [one for one in found if getattr(one, field) is not None]
        absent = [one for one in found if getattr(one, field) is None]
        present.sort(key=lambda one, field=field: getattr(one, field), reverse=how["order"] == "desc")
        found = present + absent
    return found


@pytest.mark.parametrize("criterion", FAMILIES)
def test_the_first_criterion_that_differs_decides(criterion):
    """Whatever the order in which the members come, and in Python as on the server."""
    expected, *others = FAMILIES[criterion]
    for members in permutations([expected, *others]):
        assert min(members, key=representative_key) is expected
        assert sort_as_the_server(members)[0] is expected


def test_all_members_are_sorted_alike():
    """Not only the first: two places that list a family list it in one order."""
    members = [one for family in FAMILIES.values() for one in family]
    names = [f"{number:02d}" for number in range(len(members))]
    distinct = [msgspec.structs.replace(one, article_id=name) for one, name in zip(members, names, strict=True)]
    assert sorted(distinct, key=representative_key) == sort_as_the_server(distinct)
