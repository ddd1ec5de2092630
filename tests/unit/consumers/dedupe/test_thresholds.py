"""Every threshold of dedupe's verdict, just below and just above."""

from __future__ import annotations

import numpy as np
import pytest

from consumers.dedupe.compare import Overlap, measure_overlap
from consumers.dedupe.shingles import Shingles

ENOUGH = {"shared_fivegrams": 1000, "share": 1.0}


def tier(*, is_same_host=False, **changes):
    values = {"trigrams": 0.0, "fivegrams": 0.0, "shared_fivegrams": 0, "share": 0.0}
    values |= {"numbers": None, "fewest_numbers": 0}
    return Overlap(**values | changes).tier(is_same_host=is_same_host)


@pytest.mark.parametrize(
    ("is_same_host", "trigrams", "expected"),
    [
        (True, 0.60, "copy"),
        (True, 0.599, "derived"),
        (True, 0.40, "derived"),
        (True, 0.399, None),
        (False, 0.40, "copy"),
        (False, 0.399, "derived"),
        (False, 0.25, "derived"),
        (False, 0.249, None),
    ],
)
def test_shared_trigrams_decide_the_tier(is_same_host, trigrams, expected):
    """Within one host more is required, for both tiers."""
    assert tier(is_same_host=is_same_host, trigrams=trigrams) == expected


@pytest.mark.parametrize(
    ("is_same_host", "fivegrams", "expected"),
    [
        (True, 0.85, "copy"),
        (True, 0.849, "derived"),
        (True, 0.70, "derived"),
        (True, 0.699, None),
        (False, 0.70, "copy"),
        (False, 0.699, "derived"),
        (False, 0.50, "derived"),
        (False, 0.499, None),
    ],
)
def test_containment_decides_the_tier(is_same_host, fivegrams, expected):
    """A text that is contained in the other, and is long enough, needs no shared trigrams."""
    assert tier(is_same_host=is_same_host, fivegrams=fivegrams, **ENOUGH) == expected


@pytest.mark.parametrize(
    ("is_same_host", "shared", "expected"),
    [
        (True, 0, "copy"),
        (False, 60, "copy"),
        (False, 59, "derived"),
        (False, 40, "derived"),
        (False, 39, None),
    ],
)
def test_containment_counts_from_a_number_of_shared_fivegrams(is_same_host, shared, expected):
    """A note of two sentences is contained in anything that quotes it."""
    assert tier(is_same_host=is_same_host, fivegrams=1.0, share=1.0, shared_fivegrams=shared) == expected


def test_a_derived_text_of_one_host_needs_forty_shared_fivegrams():
    """Below the copy's containment the number counts within one host too."""
    assert tier(is_same_host=True, fivegrams=0.8, share=1.0, shared_fivegrams=40) == "derived"
    assert tier(is_same_host=True, fivegrams=0.8, share=1.0, shared_fivegrams=39) is None


@pytest.mark.parametrize(("share", "expected"), [(0.3, "copy"), (0.299, "derived"), (0.05, "derived"), (0.049, None)])
def test_containment_counts_from_a_share_of_the_later_text(share, expected):
    """A report that contains a short note among its own text is not folded under the note."""
    assert tier(fivegrams=1.0, shared_fivegrams=1000, share=share) == expected


@pytest.mark.parametrize(
    ("numbers", "fewest", "expected"),
    [
        (0.6, 29, "copy"),
        (0.599, 29, "derived"),  # the strict limit is for copies only
        (0.5, 29, "derived"),
        (0.499, 29, None),
        (0.5, 30, "copy"),
        (0.499, 30, None),
        (None, 5, "copy"),
    ],
)
def test_other_numbers_in_the_same_words_are_another_report(numbers, fewest, expected):
    """With fewer than thirty numbers a copy needs more of them, as templates agree by chance."""
    assert tier(trigrams=1.0, numbers=numbers, fewest_numbers=fewest) == expected


@pytest.mark.parametrize(("count", "expected"), [(5, None), (6, 0.5)])
def test_six_numbers_are_enough_to_judge_by(count, expected):
    """Fewer are no evidence, whatever they are."""
    none = np.zeros(0, np.uint32)
    later = Shingles(none, none, np.arange(count, dtype=np.uint32), none.astype(np.uint64))
    earlier = Shingles(none, none, np.arange(count, dtype=np.uint32) + np.uint32(count // 2), later.sentences)
    found = measure_overlap(later, earlier)
    assert (found.numbers, found.fewest_numbers) == (expected, count)


def test_the_shares_of_an_overlap_are_those_of_broder():
    """Trigrams: shared / in either; fivegrams: shared / in the smaller text; share: of the later text."""
    none = np.zeros(0, np.uint32)

    def text(begin, end):
        return Shingles(np.arange(begin, end, dtype=np.uint32), np.arange(begin, end, dtype=np.uint32), none, none)

    found = measure_overlap(text(0, 8), text(4, 20))
    assert (found.trigrams, found.fivegrams, found.share) == (4 / 20, 4 / 8, 4 / 8)
    assert measure_overlap(text(4, 20), text(0, 8)).share == 4 / 16
