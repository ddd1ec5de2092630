"""What is said of a source from its numbers."""

from __future__ import annotations

from collections import Counter

import pytest

from newswire.crawl.url_counts import ListState, UrlCounts
from newswire.sources.catalogue import ExpectedPerDay, Source
from newswire.web.reports.source_health import SourceEvidence, diagnose

FEED = "http://paper.example/feed.xml"


def source(**fields):
    return Source(**{"id": "paper", "title": "Paper", "owner": "desk", "feeds": (FEED,)} | fields)


def a_list(errors=0, error=None):
    return ListState(FEED, None, None, 200, error, errors, 10)


def account(reasons=None, **states):
    return UrlCounts("paper", Counter(states), {state: Counter(why) for state, why in (reasons or {}).items()})


def said(evidence, **fields):
    return [(finding.level, finding.text) for finding in diagnose(source(**fields), evidence)]


GOOD = {"lists": (a_list(),), "of_day": 5, "found": account(indexed=20)}


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "good", "In order"),
        ({"lists": ()}, "warn", "Never crawled"),
        ({"lists": (a_list(1, "503"),)}, "bad", "fails, once: http://paper.example/feed.xml: 503"),
        ({"lists": (a_list(4, "503"), a_list())}, "warn", "4 times in a row"),
        ({"overdue": 3}, "bad", "3 addresses are overdue"),
        (
            {"found": account({"dead-lettered": {"quarantined": 3}}, indexed=9, **{"dead-lettered": 3})},
            "bad",
            "In quarantine: 3 pages left out",
        ),
        ({"found": account(indexed=9, **{"dead-lettered": 2})}, "bad", "2 pages could not be processed"),
        (
            {"found": account({"rejected": {"no-text": 9, "list": 1}}, rejected=10, indexed=4)},
            "warn",
            "10 of 14 pages are not articles, mostly no-text",
        ),
        ({"found": account(rejected=3, indexed=1)}, "good", "In order"),
        ({"found": account(refused=30, indexed=10)}, "warn", "refuses 30 of 40"),
        ({"found": account(failed=30, indexed=10)}, "bad", "30 of 40 pages could not be fetched"),
        ({"of_day": 1}, "warn", "Silent: 1 article in 24 hours, at least 2"),
        ({"of_day": 90}, "warn", "Loud: 90 articles"),
    ],
)
def test_numbers_become_a_diagnosis(changes, level, words):
    """Each trouble is named with its number, and nothing else is said."""
    found = said(SourceEvidence(**GOOD | changes), expected_per_day=ExpectedPerDay(min=2, max=80))
    assert [one for one, _ in found] == [level]
    assert words in found[0][1]


def test_what_is_not_known_is_not_judged():
    """A server that is away makes no source silent, never read or in order."""
    assert said(SourceEvidence(), expected_per_day=ExpectedPerDay(min=2)) == [
        ("off", "Unknown: a server does not answer.")
    ]


def test_a_disabled_source_is_left_alone():
    """Who switched it off knows."""
    assert said(SourceEvidence(lists=(), of_day=0, found=account()), enabled=False) == [
        ("off", "Disabled in its file.")
    ]


def test_several_troubles_are_all_named():
    """The first does not hide the others."""
    evidence = SourceEvidence(lists=(a_list(2, "no answer"),), of_day=0, found=account(indexed=1), overdue=4)
    assert len(said(evidence, expected_per_day=ExpectedPerDay(min=2))) == 3


@pytest.mark.parametrize(
    ("states", "is_trouble"),
    [
        ({"rejected": 5, "indexed": 5}, False),
        ({"rejected": 6, "indexed": 4}, True),
        ({"rejected": 9}, False),
        ({"rejected": 10}, True),
        ({"refused": 5, "indexed": 5}, False),
        ({"refused": 6, "indexed": 4}, True),
        ({"refused": 9}, False),
        ({"refused": 10}, True),
        ({"failed": 5}, False),
        ({"failed": 6}, True),
        ({"failed": 6, "indexed": 6}, False),
    ],
)
def test_more_than_half_of_ten_pages_is_trouble(states, is_trouble):
    """Half is not, and with fewer than ten pages a share means nothing."""
    assert (said(SourceEvidence(**GOOD | {"found": account(**states)})) != [("good", "In order.")]) == is_trouble


@pytest.mark.parametrize(("of_day", "word"), [(1, "Silent"), (2, "In order"), (80, "In order"), (81, "Loud")])
def test_the_expected_number_of_articles_includes_its_bounds(of_day, word):
    """The file names the least and the most that are normal."""
    ((_, text),) = said(SourceEvidence(**GOOD | {"of_day": of_day}), expected_per_day=ExpectedPerDay(min=2, max=80))
    assert text.startswith(word)
