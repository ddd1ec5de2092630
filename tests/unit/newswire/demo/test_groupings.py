"""Misplaced copies and articles, and the lines that describe them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newswire.demo.expectations import ActualArticle, ExpectedArticle
from newswire.demo.groupings import find_misplaced

# Two events, one of them covered in two languages; agency copy "a" in three papers, "b" in two.
PRESS = {
    "wire": ("a", "fire", "en"),
    "morning": ("a", "fire", "en"),
    "evening": ("a", "fire", "en"),
    "own": ("own", "fire", "en"),
    "autre": ("autre", "fire", "fr"),
    "agency": ("b", "vote", "en"),
    "herald": ("b", "vote", "en"),
}


def expect(url, family, story, language):
    return ExpectedArticle(url, "paper", url, url, (), (), None, language, family, "carrier", story, 1)


EXPECTED = {url: expect(url, *row) for url, row in PRESS.items()}


@pytest.fixture
def found():
    """Return what a perfect run ends with; ids are the addresses."""
    first, begun, perfect = {}, {}, {}
    for url, (family, story, language) in PRESS.items():
        ids = {"article_id": url, "family_id": first.setdefault(family, url)}
        story_id = begun.setdefault((story, language), url)
        perfect[url] = ActualArticle(**ids, story_id=story_id, title=url, body="", language=language, day=None)
    return perfect


def lines(found, *urls, **changes):
    planted = found | {url: replace(found[url], **changes) for url in urls}
    return list(find_misplaced(EXPECTED, planted))


def test_a_perfect_run_has_everything_in_its_place(found):
    """Neither ids nor the language of a story matter, only what is grouped together."""
    assert lines(found) == []
    assert lines(found, "wire", "morning", "evening", family_id="morning") == []
    assert lines(found, *[url for url in PRESS if PRESS[url][1:] == ("fire", "en")], story_id="another") == []


def test_a_copy_that_was_not_recognised_is_reported(found):
    """The line names the copy and one of its family."""
    assert lines(found, "evening", family_id="evening") == ["evening: not grouped as a copy with wire"]


def test_a_text_folded_under_another_is_reported(found):
    """An own report that was taken for a copy would be lost to a reader."""
    assert lines(found, "own", family_id="wire") == ["own: grouped as a copy with wire, a different text"]


def test_a_copy_needs_an_original_that_can_be_found(found):
    """A family without its first member, and a chain of copies, are reported although the sets are right."""
    assert lines(found, "agency", "herald", family_id="gone") == [
        "agency: a copy of gone, which is not searchable",
        "herald: a copy of gone, which is not searchable",
    ]
    assert "morning: a copy of wire, which is itself a copy" in lines(found, "wire", family_id="evening")


def test_an_article_outside_its_story_is_reported(found):
    """One line for the misplaced article, not one for each of the others."""
    assert lines(found, "own", story_id="own") == ["own: not in the story of wire (fire in en)"]


def test_an_article_in_a_wrong_story_is_reported(found):
    """A merge of two events is reported for the fewer articles."""
    assert lines(found, "agency", "herald", story_id="wire") == [
        "agency: in one story with wire, a different event (vote in en)",
        "herald: in one story with wire, a different event (vote in en)",
    ]


def test_a_text_may_be_derived_from_its_own_event_only(found):
    """A link that folds nothing is right within the event, in any language, and wrong beyond."""
    assert lines(found, "own", "autre", derived_from="wire") == []
    assert lines(found, "own", derived_from="agency") == ["own: derived from agency, a different event"]
