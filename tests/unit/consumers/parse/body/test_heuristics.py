"""Our body rules: each tuned share and length, just below and just above, on the smallest tree that shows it."""

from __future__ import annotations

import pytest

from consumers.parse.body.heuristics import _weigh, choose_blocks, prose_weight
from consumers.parse.input.tree import Tree


def texts(letter, *lengths):
    """Return paragraphs of different words, so that none repeats another."""
    return "".join(f"<p>{(letter + str(n)) + letter * (length - 2)}</p>" for n, length in enumerate(lengths))


def chosen(html):
    """Return the first letters of the parts of a page that are kept."""
    return "".join(sorted({block.text[0] for block in choose_blocks(Tree(f"<body>{html}</body>"))}))


def block(html):
    return Tree(f"<body>{html}</body>").blocks[0]


@pytest.mark.parametrize(("chars", "weight"), [(39, 0), (40, 40)])
def test_prose_has_forty_characters(chars, weight):
    """Shorter lines are labels."""
    assert prose_weight(block(f"<p>{'a' * chars}</p>")) == weight


@pytest.mark.parametrize(("link", "is_zero"), [(49, False), (51, True)])
def test_prose_is_not_half_links(link, is_zero):
    """Links take their double from the weight; a block of more than half of them has none."""
    weight = prose_weight(block(f"<p><a href='/x'>{'a' * link}</a>{'b' * (100 - link)}</p>"))
    assert weight == (0 if is_zero else pytest.approx(100 - 2 * link))
    assert not str(weight).startswith("-")


@pytest.mark.parametrize(("chars", "weight"), [(399, 0.3 * 399), (400, 400)])
def test_a_paragraph_alone_weighs_less(chars, weight):
    """Below 400 characters a text without neighbours is more often a teaser."""
    one = block(f"<div><p>{'a' * chars}</p></div>")
    assert _weigh([(one, chars)])[1] == pytest.approx(weight)


@pytest.mark.parametrize(("chars", "wanted"), [(100, "a"), (101, "ab")])
def test_three_quarters_of_the_prose_make_the_article(chars, wanted):
    """600 of 800 characters are the article; of 802 they are not, and all is kept."""
    a, b = texts("a", 100, 100, 100, 100, 100, 100), texts("b", chars, chars)
    assert chosen(f"<div>{a}</div><div>{b}</div>") == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(199, "b"), (200, "ab")])
def test_a_part_with_two_fifths_of_the_prose_is_not_boilerplate(chars, wanted):
    """Names mislead: 400 characters of 1,000 are kept in a sidebar, 398 of 998 are not."""
    a, b = texts("a", chars, chars), texts("b", 300, 300)
    assert chosen(f"<div class='sidebar'>{a}</div><div>{b}</div>") == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(949, "b"), (951, "a")])
def test_comments_are_the_article_only_if_they_are_nearly_everything(chars, wanted):
    """Readers may write more than the author: 95 % of the prose."""
    a, b = texts("a", chars, chars), texts("b", 50, 50)
    assert chosen(f"<div class='comments'>{a}</div><div>{b}</div>") == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(200, "ab"), (201, "a")])
def test_another_article_below_has_more_than_400_characters(chars, wanted):
    """On pages with infinite scroll the next article is cut; a short box marked as an article is not one."""
    a, b = texts("a", 150, 150, 150, 150), texts("b", chars, chars)
    assert chosen(f"<article><h1>A headline</h1>{a}</article><article>{b}</article>") == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(449, "ab"), (451, "a")])
def test_another_article_below_has_more_than_15_per_cent_of_the_prose(chars, wanted):
    """Of long pages: here about 900 of 6,000 characters, beside a third part that keeps the page together."""
    a, b, c = texts("a", 1_400, 1_400), texts("b", chars, chars), texts("c", 1_150, 1_150)
    page = f"<article><h1>A headline</h1>{a}</article><article>{b}</article><section>{c}</section>"
    assert chosen(page).replace("c", "") == wanted
