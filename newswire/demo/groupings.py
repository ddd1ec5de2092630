"""Compare the families and stories of a run with those of the press, and describe every misplaced article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from newswire.demo.expectations import ActualArticle, ExpectedArticle

Expected = Mapping[str, ExpectedArticle]
FoundByUrl = Mapping[str, ActualArticle]


def find_misplaced(expected: Expected, found: FoundByUrl) -> Iterator[str]:
    """Yield a line for each article in a wrong family or story; both mappings are by URL and have the same keys."""
    families = {url: article.family for url, article in expected.items()}
    for url, other, is_foreign in _compare_groups(families, {url: article.family_id for url, article in found.items()}):
        fault = "grouped as a copy with {}, a different text" if is_foreign else "not grouped as a copy with {}"
        yield f"{url}: {fault.format(other)}"
    yield from _find_wrong_originals(expected, found)
    # A story of the press spans languages; one of the pipeline does not.
    stories = {url: f"{article.story} in {article.language}" for url, article in expected.items()}
    for url, other, is_foreign in _compare_groups(stories, {url: article.story_id for url, article in found.items()}):
        fault = "in one story with {}, a different event" if is_foreign else "not in the story of {}"
        yield f"{url}: {fault.format(other)} ({stories[url]})"


def _compare_groups(right: Mapping[str, str], got: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield each misplaced address, another one, and whether that one should not (True) or should be in its group.

    Each expected group is matched with the actual group that has most of it, and each actual group with the expected
    group that makes up most of it.
    """
    actual_of: dict[str, str] = {}
    expected_of: dict[str, str] = {}
    shared = Counter((right[url], got[url]) for url in right)
    for wanted, group in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        actual_of.setdefault(wanted, group)
        expected_of.setdefault(group, wanted)
    first: dict[tuple[str, str], str] = {}
    for url in right:
        first.setdefault((right[url], got[url]), url)
    for url, wanted in right.items():
        group = got[url]
        if expected_of[group] != wanted:
            yield url, first[expected_of[group], group], True
        elif actual_of[wanted] != group:
            yield url, first[wanted, actual_of[wanted]], False


def _find_wrong_originals(expected: Expected, found: FoundByUrl) -> Iterator[str]:
    """Yield a line for each copy of an article that is not an original, and each article derived from another event."""
    by_id = {article.article_id: url for url, article in found.items()}
    for url, article in found.items():
        original = by_id.get(article.family_id)
        if original is None:
            yield f"{url}: a copy of {article.family_id}, which is not searchable"
        elif found[original].family_id != article.family_id:
            yield f"{url}: a copy of {original}, which is itself a copy"
        source = by_id.get(article.derived_from or "")
        if source and expected[source].story != expected[url].story:
            yield f"{url}: derived from {source}, a different event"
