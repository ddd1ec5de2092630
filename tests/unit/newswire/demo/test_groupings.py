"""Copies and tellings in a wrong place, and the words in which a run is told of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newswire.demo.expectations import ActualArticle, ExpectedArticle
from newswire.demo.groupings import misplaced

# Two events, one of them told in two languages; agency copy "a" in three papers, "b" in two.
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


def told(found, *urls, **changes):
    planted = found | {url: replace(found[url], **changes) for url in urls}
    return list(misplaced(EXPECTED, planted))


def test_a_perfect_run_has_everything_in_its_place(found):
    """Neither ids nor the language of a story matter, only what stands together."""
    assert told(found) == []
    assert told(found, "wire", "morning", "evening", family_id="morning") == []
    assert told(found, *[url for url in PRESS if PRESS[url][1:] == ("fire", "en")], story_id="another") == []


def test_a_copy_that_was_not_recognised_is_told(found):
    """The line names the copy and one of its family."""
    assert told(found, "evening", family_id="evening") == ["evening: is not filed as a copy with wire"]


def test_a_text_folded_under_another_is_told(found):
    """An own report that was taken for a copy would be lost to a reader."""
    assert told(found, "own", family_id="wire") == ["own: is filed as a copy with wire, another text"]


def test_a_copy_needs_an_original_that_can_be_found(found):
    """A family without its first member, and a chain of copies, are told although the sets are right."""
    assert told(found, "agency", "herald", family_id="gone") == [
        "agency: is a copy of gone, which is not searchable",
        "herald: is a copy of gone, which is not searchable",
    ]
    assert "morning: is a copy of wire, which is a copy itself" in told(found, "wire", family_id="evening")


def test_a_telling_outside_its_story_is_told(found):
    """One line for the article that stands apart, not one for each of the others."""
    assert told(found, "own", story_id="own") == ["own: stands in another story than wire (fire in en)"]


def test_a_stranger_in_a_story_is_told(found):
    """A merge of two events is told for the fewer articles."""
    assert told(found, "agency", "herald", story_id="wire") == [
        "agency: stands in one story with wire, another event (vote in en)",
        "herald: stands in one story with wire, another event (vote in en)",
    ]


def test_a_text_may_be_derived_from_its_own_event_only(found):
    """A link that folds nothing is right within the event, in any language, and wrong beyond."""
    assert told(found, "own", "autre", derived_from="wire") == []
    assert told(found, "own", derived_from="agency") == ["own: is derived from agency, another event"]
