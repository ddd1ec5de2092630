"""The density reader: each tuned constant, just below and just above."""

from __future__ import annotations

import pytest

from consumers.parse.body.density import read_by_density
from consumers.parse.input.tree import Tree

LONG = f"<p>{'a' * 500}</p>"


def kept(html):
    """Return the lengths of the blocks that are kept."""
    return [len(block.text) for block in read_by_density(Tree(f"<body>{html}</body>").blocks)]


@pytest.mark.parametrize(("chars", "wanted"), [(77, [500]), (78, [500, 78])])
def test_a_paragraph_behind_a_short_block_must_outweigh_it(chars, wanted):
    """Every block costs 40: ten characters outside a paragraph cost 37, which the next 78 win back."""
    assert kept(f"{LONG}<div>{'b' * 10}</div><p>{'c' * chars}</p>") == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(120, []), (121, [121])])
def test_a_long_block_counts_as_a_paragraph_without_its_tag(chars, wanted):
    """More than 120 characters are prose whatever their element."""
    assert kept(f"<div>{'a' * chars}</div>") == wanted


@pytest.mark.parametrize(("link", "wanted"), [(49, [100]), (50, [])])
def test_half_a_block_of_links_is_not_prose(link, wanted):
    """Links lead elsewhere."""
    assert kept(f"<p><a href='/x'>{'a' * link}</a>{'b' * (100 - link)}</p>") == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(66, [500, 500]), (67, [500, 67, 500])])
def test_a_short_block_between_paragraphs_stays_from_67_characters(chars, wanted):
    """At a third of its length, less the cost, it must reach -20."""
    assert kept(f"{LONG}<div>{'b' * chars}</div>{LONG}") == wanted
    assert kept(f"{LONG}<h2>{'b' * chars}</h2>{LONG}") == [500, chars, 500]
