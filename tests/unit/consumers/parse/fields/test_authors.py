"""Who wrote an article: which of the many places that name somebody is believed."""

from __future__ import annotations

import datetime as dt

import pytest

from consumers.parse.extraction import extract_article
from consumers.parse.fields.authors import clean_names
from consumers.parse.fields.metadata import Origin

NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)
TEXT = "".join(f"<p>Sentence {n} of a text that is long enough to be an article for all.</p>" for n in range(9))


def read(head="", body=TEXT):
    page = f"<html lang='en'><head>{head}</head><body><h1>A headline</h1><article>{body}</article></body></html>"
    return extract_article(page.encode(), Origin("https://www.outlet.example/a/story", NOW)).meta


@pytest.mark.parametrize(
    ("bylines", "names"),
    [
        (["By Kit Osei and Lena Brand"], ("Kit Osei", "Lena Brand")),
        (["Von Malte Sievers", "malte sievers"], ("Malte Sievers",)),
        (["https://social.example/kit", "kit@outlet.example", "admin"], ()),
        (["kit-osei"], ("Kit Osei",)),
        (["Martin Lund, Jr."], ("Martin Lund, Jr",)),
        (["Kit Osei (Image: Somebody)"], ("Kit Osei",)),
        (["한서윤 기자", "Kit Osei"], ("한서윤", "Kit Osei")),
    ],
)
def test_authors_are_a_clean_list(bylines, names):
    """Words around a name, addresses and placeholders are removed; each name is listed once."""
    assert clean_names(bylines) == names


def test_a_byline_goes_before_the_house():
    """Where metadata sign with the outlet's own name, the byline says who it was."""
    head = '<meta property="og:site_name" content="The Outlet"><meta name="author" content="The Outlet">'
    assert read(head, body=f'<p class="byline">By <a rel="author">Kit Osei</a></p>{TEXT}').authors == ("Kit Osei",)


def test_the_house_is_no_author_beside_its_people():
    """The outlet's own name is removed where people are named, and kept where nobody else is."""
    head = '<meta property="og:site_name" content="The Outlet"><meta name="author" content="{}">'
    assert read(head.format("Kit Osei, The Outlet")).authors == ("Kit Osei",)
    assert read(head.format("The Outlet")).authors == ("The Outlet",)


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="twitter:label1" content="Verfasst von"><meta name="twitter:data1" content="Kit Osei">',
        (
            '<meta name="twitter:label2" content="Written by"><meta name="twitter:data2" content="Kit Osei">'
            '<meta name="twitter:label1" content="Est. reading time"><meta name="twitter:data1" content="4 minutes">'
        ),
        '<meta name="twitter:misc:Written by" content="Kit Osei">',
    ],
)
def test_what_is_labelled_for_networks_names_the_author(head):
    """A label says which of the shared facts is the author."""
    assert read(head).authors == ("Kit Osei",)


@pytest.mark.parametrize(
    "line",
    [
        '<ul class="metaAuthorList"><li><a href="/people/kit">Kit Osei</a></li></ul>',
        '<p>Thu 17 April 2031 | Von <span class="c-authorname">Kit Osei</span></p>',
        "<p>17 April 2031 | By Kit Osei</p>",
    ],
)
def test_a_line_near_the_headline_names_the_author(line):
    """By its class in any spelling, or by the words it begins with."""
    assert read(body=f"{line}{TEXT}").authors == ("Kit Osei",)


def test_a_line_below_the_title_counts_where_the_first_heading_is_the_sites():
    """Who wrote it, and when, is looked for near the title that metadata name."""
    head = '<meta property="og:title" content="Bakers of the old town strike">'
    far = "".join(f"<p>Weather in town {n}: 1{n} degrees</p>" for n in range(30))
    body = f"{far}<h3>Kitchens: Bakers of the old town strike</h3><p>17.04.31 | 14:07 | By Kit Osei</p>{TEXT}"
    meta = read(head, body=body)
    assert meta.authors == ("Kit Osei",)
    assert meta.published == dt.datetime(2031, 4, 17)  # noqa: DTZ001 - the page says no zone
