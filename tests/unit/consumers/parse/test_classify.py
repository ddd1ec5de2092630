"""Article or not: each tuned constant, just below and just above."""

from __future__ import annotations

import pytest

from consumers.parse.classify import Signs, count_headline_links, reject_non_articles
from consumers.parse.fields.head import PageHead
from consumers.parse.fields.jsonld import ArticleData
from consumers.parse.input.tree import Tree
from consumers.parse.rejection import Rejected

URL = "https://outlet.example/a/story"
LISTING = ArticleData(page_types=frozenset({"CollectionPage"}))
DEMAND = "Please sign in to read on. "  # 27 characters


def paragraphs(count, words):
    return "\n\n".join(" ".join(["ferry"] * words) for _ in range(count))


def reason(data=None, kind="article", url=URL, **changes):
    """Return why a page is rejected; None where it is an article."""
    signs = {"title": "Ferry sails", "heading": None, "body": paragraphs(4, 15), "words": 500, "has_date": False}
    try:
        reject_non_articles(
            Signs(**signs | {"headline_links": 0} | changes), kind, data or ArticleData(), PageHead(), url
        )
    except Rejected as rejected:
        return rejected.reason
    return None


@pytest.mark.parametrize(("words", "wanted"), [(24, "too-short"), (25, None)])
def test_an_article_has_twenty_five_words(words, wanted):
    """MIN_WORDS."""
    assert reason(words=words) == wanted


@pytest.mark.parametrize(("words", "wanted"), [(59, True), (60, False)])
@pytest.mark.parametrize("kind", ["video", "gallery"])
def test_a_page_of_another_kind_needs_sixty_words(kind, words, wanted):
    """A video or a gallery with a text below it is an article of that kind."""
    assert reason(kind=kind, words=words) == (f"{kind}-page" if wanted else None)
    assert reason(kind="live", words=words) is None


@pytest.mark.parametrize(("words", "wanted"), [(149, "error-page"), (150, None)])
@pytest.mark.parametrize("place", ["title", "heading"])
def test_an_error_page_is_short(place, words, wanted):
    """An article may be about errors; its text is longer than theirs."""
    assert reason(**{place: "404 Page not found"}, words=words) == wanted


@pytest.mark.parametrize(("chars", "wanted"), [(1_500, "wall"), (1_501, None)])
def test_a_wall_is_short(chars, wanted):
    """A long text that speaks of logins is an article."""
    body = "\n\n".join([DEMAND * 20] * 2) + "\n\n"
    assert reason(body=body + "a" * (chars - len(body))) == wanted


@pytest.mark.parametrize(("rest", "wanted"), [(98, "wall"), (99, None)])
def test_half_of_a_wall_are_demands(rest, wanted):
    """Of 200 characters with the empty line, 100 ask for something."""
    demand = "Please sign in to read on, or register now: it costs you no more than a minute of your time, dear reader"[
        :100
    ]
    assert len(demand) == 100
    assert reason(body=f"{demand}\n\n{'ab cd ' * 40}"[: 102 + rest]) == wanted


@pytest.mark.parametrize(("signs", "wanted"), [(400, None), (401, "not-text")])
def test_six_signs_of_ten_are_letters_or_spaces(signs, wanted):
    """Noise is not writing: digits and punctuation count against it."""
    assert reason(body="7" * signs + " b c " + "a" * (995 - signs)) == wanted


@pytest.mark.parametrize(("spaces", "wanted"), [(4, "not-text"), (5, None)])
def test_a_text_has_a_space_in_four_hundred_characters(spaces, wanted):
    """Coded data has none, and languages without spaces have lines."""
    assert reason(body="b " * spaces + "a" * (2_000 - 2 * spaces)) == wanted


@pytest.mark.parametrize(("chars", "count"), [(19, 0), (20, 1), (159, 1), (160, 0)])
def test_a_headline_has_twenty_to_one_hundred_and_fifty_nine_characters(chars, count):
    """Shorter links are menus, longer ones are text."""
    assert count_headline_links(Tree(f"<ul><li><a href='/x'>{'a' * chars}</a></li></ul>").blocks) == count


@pytest.mark.parametrize(("link", "count"), [(90, 0), (91, 1)])
def test_a_headline_is_a_link_for_more_than_nine_tenths(link, count):
    """A teaser with its text is not counted."""
    assert count_headline_links(Tree(f"<p><a href='/x'>{'a' * link}</a>{'b' * (100 - link)}</p>").blocks) == count


@pytest.mark.parametrize(("links", "wanted"), [(14, None), (15, "listing")])
def test_fifteen_headlines_make_a_listing(links, wanted):
    """On a page without prose, and without data that declare an article."""
    assert reason(body=paragraphs(8, 5), headline_links=links) == wanted
    assert reason(body=paragraphs(8, 5), headline_links=links, data=ArticleData(headline="Ferry sails")) is None


@pytest.mark.parametrize(
    ("count", "words", "wanted"), [(4, 15, None), (5, 14, "listing"), (3, 19, "listing"), (3, 20, None)]
)
def test_sixty_words_of_prose_are_no_listing(count, words, wanted):
    """Counted in paragraphs of fifteen words and more, whatever the page declares."""
    assert reason(LISTING, body=paragraphs(count, words)) == wanted


@pytest.mark.parametrize(("words", "wanted"), [(150, "listing"), (151, None)])
def test_a_dated_page_with_much_text_is_no_listing(words, wanted):
    """Short paragraphs are a style."""
    assert reason(LISTING, body=paragraphs(8, 5), words=words, has_date=True) == wanted
