"""What a run has ended with against what it must end with: every difference in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from newswire.demo.expectations import ActualArticle, ActualRun, ExpectedArticle, Truth
from newswire.demo.groupings import misplaced
from newswire.text.urls import normalise_url


def compare(truth: Truth, found: ActualRun) -> list[str]:
    """Return every difference in words, URL first; empty where all is as it should be."""
    expected = truth.articles
    articles = {normalise_url(url): article for url, article in found.articles.items()}
    ends = {normalise_url(url): end for url, end in found.ends.items()}
    lost = [f"{url}: is not searchable" for url in expected if url not in articles]
    strange = [f"{url}: is searchable, and the press has no such article" for url in articles if url not in expected]
    known = {url: article for url, article in expected.items() if url in articles}
    wrong = [line for url, article in known.items() for line in _differences(article, articles[url])]
    wrong += misplaced(known, {url: articles[url] for url in known})
    return lost + strange + wrong + (_wrong_ends(truth, ends) if ends else [])


def _wrong_ends(truth: Truth, ends: Mapping[str, str]) -> list[str]:
    urls = truth.urls
    lost = [f"{url}: was not discovered ({urls[url].why})" for url in urls if url not in ends]
    strange = [f"{url}: was discovered, and nobody announced it" for url in ends if url not in urls]
    wrong = [
        f"{url}: ended {ends[url]} instead of {' or '.join(expected.ends)} ({expected.why})"
        for url, expected in urls.items()
        if url in ends and not expected.allows(ends[url])
    ]
    return lost + strange + wrong


def _differences(expected: ExpectedArticle, found: ActualArticle) -> Iterator[str]:
    pairs = {
        "title": (expected.title, found.title),
        "language": (expected.language, found.language),
        "day": (expected.day, found.day),
        "authors": (expected.authors, found.authors),
        "versions": (expected.versions, found.version),
    }
    for name, (right, got) in pairs.items():
        if right != got:
            yield f"{expected.url}: {name} is {got!r} instead of {right!r}"
    yield from _body_differences(expected, found)


def _body_differences(expected: ExpectedArticle, found: ActualArticle) -> Iterator[str]:
    right = Counter(expected.paragraphs)
    got = Counter(" ".join(part.split()) for part in found.body.split("\n\n"))
    for paragraph in right - got:
        yield f"{expected.url}: the body lacks the paragraph {paragraph[:70]!r}"
    for paragraph in got - right:
        yield f"{expected.url}: the body has what is no paragraph of it: {paragraph[:70]!r}"
    if right == got and found.body != expected.body:
        yield f"{expected.url}: the body's paragraphs are in another order or not parted by one empty line"
