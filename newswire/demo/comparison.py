"""Compare the result of a run with what the press published, and describe every difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from newswire.demo.expectations import ActualArticle, ActualRun, ExpectedArticle, Truth
from newswire.demo.groupings import find_misplaced
from newswire.text.urls import normalise_url


def compare(truth: Truth, found: ActualRun) -> list[str]:
    """Return one line for each difference, beginning with the URL; empty if there are none."""
    expected = truth.articles
    articles = {normalise_url(url): article for url, article in found.articles.items()}
    ends = {normalise_url(url): end for url, end in found.ends.items()}
    missing = [f"{url}: not searchable" for url in expected if url not in articles]
    extra = [f"{url}: searchable, but the press has no such article" for url in articles if url not in expected]
    known = {url: article for url, article in expected.items() if url in articles}
    wrong = [line for url, article in known.items() for line in _differences(article, articles[url])]
    wrong += find_misplaced(known, {url: articles[url] for url in known})
    return missing + extra + wrong + (_wrong_ends(truth, ends) if ends else [])


def _wrong_ends(truth: Truth, ends: Mapping[str, str]) -> list[str]:
    urls = truth.urls
    missing = [f"{url}: not discovered ({urls[url].why})" for url in urls if url not in ends]
    extra = [f"{url}: discovered, but not announced by any outlet" for url in ends if url not in urls]
    wrong = [
        f"{url}: ended {ends[url]} instead of {' or '.join(expected.ends)} ({expected.why})"
        for url, expected in urls.items()
        if url in ends and not expected.allows(ends[url])
    ]
    return missing + extra + wrong


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
        yield f"{expected.url}: the body misses the paragraph {paragraph[:70]!r}"
    for paragraph in got - right:
        yield f"{expected.url}: the body has a paragraph too many: {paragraph[:70]!r}"
    if right == got and found.body != expected.body:
        yield f"{expected.url}: the body's paragraphs are in the wrong order or not separated by one empty line"
