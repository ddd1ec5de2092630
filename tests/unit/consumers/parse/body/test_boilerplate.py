"""Boilerplate lines and trimmed parts: each tuned length and share, just below and just above."""

from __future__ import annotations

import pytest

from consumers.parse.body.boilerplate import is_boilerplate_line, is_consent, is_demand
from consumers.parse.body.fallback_reader import read_fallback
from consumers.parse.body.parts import _is_standfirst, clean_blocks, is_links, without_small_parts, without_stray_lines
from consumers.parse.input.tree import Tree
from consumers.parse.rejection import Rejected


def padded(text, chars):
    return text + "x" * (chars - len(text))


def blocks(html):
    return Tree(f"<body>{html}</body>").blocks


@pytest.mark.parametrize(
    ("judge", "text", "chars"),
    [
        (is_boilerplate_line, "Read more ", 250),
        (is_boilerplate_line, "17 April 2031, ", 119),
        (is_boilerplate_line, "We store cookies with your consent ", 700),
        (is_consent, "We store cookies with your consent ", 700),
        (is_demand, "Please sign in ", 700),
    ],
)
def test_a_boilerplate_line_is_short(judge, text, chars):
    """A longer paragraph with the same words belongs to the article."""
    assert judge(padded(text, chars))
    assert not judge(padded(text, chars + 1))


@pytest.mark.parametrize(("chars", "count"), [(60, 2), (61, 1)])
def test_a_text_of_more_than_sixty_characters_is_kept_once(chars, count):
    """Short lines may be repeated on purpose."""
    assert len(clean_blocks(blocks(f"<p>{'a' * chars}</p><p>{'a' * chars}</p>"), frozenset())) == count


@pytest.mark.parametrize(("chars", "count"), [(100, 1), (101, 2)])
def test_a_line_outside_a_paragraph_has_more_than_a_hundred_characters(chars, count):
    """On pages that tag their paragraphs, shorter ones are labels."""
    assert len(without_stray_lines(blocks(f"<p>{'a' * 900}</p><div>{'b' * chars}</div>"))) == count


@pytest.mark.parametrize(("chars", "count"), [(69, 4), (70, 1)])
def test_paragraphs_are_tagged_where_seven_tenths_of_the_text_are(chars, count):
    """Elsewhere every line may be text."""
    lines = "".join(f"<div>{'b' * 10}</div>" for _ in range(3))
    assert len(without_stray_lines(blocks(f"<p>{'a' * chars}</p>{lines}"))) == count


@pytest.mark.parametrize(("chars", "wanted"), [(119, False), (120, True), (700, True), (701, False)])
def test_a_standfirst_has_120_to_700_characters(chars, wanted):
    """Shorter lines below a headline are labels, longer ones are the text itself."""
    assert _is_standfirst(blocks(f"<p>{'a' * chars}</p>")[0], lambda _: False) == wanted


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<p><a>{}</a></p>", (99, 100)),
        ("<ul><li><a>{}</a></li></ul>", (30, 31)),
        ("<div><a>{}</a></div>", (65, 66)),
    ],
)
def test_a_block_of_links_is_not_text(html, wanted):
    """Lists are cut from three tenths, paragraphs only where they are nothing else."""
    for chars, is_cut in zip(wanted, (False, True), strict=True):
        block = blocks(html.replace("</a>", "</a>" + "b" * (100 - chars)).format("a" * chars))[0]
        assert is_links(block) == is_cut


@pytest.mark.parametrize(("name", "share"), [("box", 0.08), ("caption", 0.25)])
def test_a_part_named_as_such_is_cut_below_its_share_of_the_prose(name, share):
    """A box with 8 %, or a picture's text with a quarter of the prose, is the article's own."""
    tree = Tree(f"<body><main><p>{'a' * 99}</p><div class='{name}'>{'b' * 99}</div></main></body>")
    root = next(element for element in tree.elements.values() if element.tag == "main")
    part = tree.blocks[1].element
    for mass, count in ((share * 1000 - 1, 1), (share * 1000, 2)):
        assert len(without_small_parts(tree.blocks, root, {part: mass}, 1000)) == count


@pytest.mark.parametrize(("chars", "is_text"), [(39, False), (40, True)])
def test_the_fallback_keeps_paragraphs_of_forty_characters(chars, is_text):
    """Where nothing is left, the danger is the reason."""
    page = f"<p>{'a' * chars}</p>"
    if is_text:
        assert read_fallback(page, "deep").text == "a" * chars
    else:
        with pytest.raises(Rejected, match="too-costly: deep"):
            read_fallback(page, "deep")


@pytest.mark.parametrize(
    ("before", "is_read"), [("<b></b>" * 5_999, True), ("<b></b>" * 6_000, False), ("x" * 600_000, False)]
)
def test_the_fallback_reads_the_beginning_only(before, is_read):
    """12,000 tags, or 600,000 characters: what follows is not read."""
    page = f"<p>{'a' * 50}</p>" if before == "" else f"{before}<p>{'a' * 50}"
    if is_read:
        assert read_fallback(page, "deep").text == "a" * 50
    else:
        with pytest.raises(Rejected, match="too-costly"):
            read_fallback(page, "deep")
