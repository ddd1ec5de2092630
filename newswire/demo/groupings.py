"""Which articles belong together, as copies of one text or tellings of one event, and where a run has it otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from newswire.demo.expectations import ActualArticle, ExpectedArticle

Expected = Mapping[str, ExpectedArticle]
FoundByUrl = Mapping[str, ActualArticle]


def misplaced(expected: Expected, found: FoundByUrl) -> Iterator[str]:
    """Yield in words every article in a wrong family or story; both mappings are by URL and have the same keys."""
    families = {url: article.family for url, article in expected.items()}
    for url, other, is_stranger in _misplaced(families, {url: article.family_id for url, article in found.items()}):
        fault = "is filed as a copy with {}, another text" if is_stranger else "is not filed as a copy with {}"
        yield f"{url}: {fault.format(other)}"
    yield from _wrong_originals(expected, found)
    # A story of the press goes over languages; the product's do not.
    stories = {url: f"{article.story} in {article.language}" for url, article in expected.items()}
    for url, other, is_stranger in _misplaced(stories, {url: article.story_id for url, article in found.items()}):
        fault = "stands in one story with {}, another event" if is_stranger else "stands in another story than {}"
        yield f"{url}: {fault.format(other)} ({stories[url]})"


def _misplaced(right: Mapping[str, str], got: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield each address in a wrong group, one that it should stand with or without, and whether that is a stranger.

    A group of the truth is at home where most of it stands, and a group that was found belongs to whom it has most of.
    """
    home: dict[str, str] = {}
    owner: dict[str, str] = {}
    shared = Counter((right[url], got[url]) for url in right)
    for wanted, group in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        home.setdefault(wanted, group)
        owner.setdefault(group, wanted)
    first: dict[tuple[str, str], str] = {}
    for url in right:
        first.setdefault((right[url], got[url]), url)
    for url, wanted in right.items():
        group = got[url]
        if owner[group] != wanted:
            yield url, first[owner[group], group], True
        elif home[wanted] != group:
            yield url, first[wanted, home[wanted]], False


def _wrong_originals(expected: Expected, found: FoundByUrl) -> Iterator[str]:
    """Yield copies of what is no original, and what is derived from a text about something else."""
    by_id = {article.article_id: url for url, article in found.items()}
    for url, article in found.items():
        original = by_id.get(article.family_id)
        if original is None:
            yield f"{url}: is a copy of {article.family_id}, which is not searchable"
        elif found[original].family_id != article.family_id:
            yield f"{url}: is a copy of {original}, which is a copy itself"
        source = by_id.get(article.derived_from or "")
        if source and expected[source].story != expected[url].story:
            yield f"{url}: is derived from {source}, another event"
