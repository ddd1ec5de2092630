"""The differences of two versions, in stretches."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newswire.text.diff import compare_bodies, compare_texts


def shown(changes):
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[part.change].format(part.text) for part in changes)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("Two hurt in mill", "Two hurt in mill", "Two hurt in mill"),
        ("Two hurt in mill", "Five hurt in mill", "[-Two-]{+Five+} hurt in mill"),
        ("the old mill", "a new mill", "[-the old-]{+a new+} mill"),  # the space between belongs to the change
        ("hurt", "", "[-hurt-]"),
        ("漁港で火事", "漁港で事故", "漁港で[-火-]事{+故+}"),
    ],
)
def test_changed_words_are_marked(old, new, wanted):
    """A reader sees words, not letters; scripts without spaces go by characters."""
    assert shown(compare_texts(old, new)) == wanted


@settings(deadline=None)
@given(st.text(alphabet="ab \n.é漁"), st.text(alphabet="ab \n.é漁"))
def test_nothing_is_lost_or_made_up(old, new):
    """Without what was added the stretches are the older text, without what was removed the newer."""
    changes = compare_texts(old, new)
    assert "".join(part.text for part in changes if part.change != "added") == old
    assert "".join(part.text for part in changes if part.change != "removed") == new


def test_paragraphs_are_paired_with_what_they_were():
    """A new paragraph between two edited ones does not shift them against each other."""
    old = "The mill stands still today.\n\nThree people were hurt there.\n\nRain is expected."
    new = "The mill stands still tonight.\n\nA road is closed.\n\nFour people were hurt there."
    assert [shown(paragraph) for paragraph in compare_bodies(old, new)] == [
        "The mill stands still [-today-]{+tonight+}.",
        "{+A road is closed.+}",
        "[-Three-]{+Four+} people were hurt there.",
        "[-Rain is expected.-]",
    ]


def test_a_huge_paragraph_takes_no_time():
    """Comparing grows with the square, so what is too long is shown as gone and come."""
    began = time.process_time()
    changes = compare_texts("ab cd " * 20_000, "cd ab " * 20_000)
    assert {part.change for part in changes} == {"removed", "added"}
    assert time.process_time() - began < 1
