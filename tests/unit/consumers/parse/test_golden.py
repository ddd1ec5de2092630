"""Every golden page gives what a person has read and accepted."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

FOLDER = Path(__file__).parents[3] / "golden"
_spec = importlib.util.spec_from_file_location("golden_review", FOLDER / "review.py")
review = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(review)


@pytest.mark.parametrize("name", review.names())
def test_a_golden_page_gives_what_is_expected(name):
    """All fields, paragraph by paragraph, or the reason of the rejection."""
    assert review.parse(name) == review.expected(name)


@pytest.mark.parametrize("name", [name for name in review.names() if "paragraphs" in review.expected(name)])
def test_an_independent_reader_finds_every_paragraph(name):
    """Nothing is made up: BeautifulSoup sees each expected paragraph on the page as well, the JSON-LD included."""
    wanted = review.expected(name)
    text = review.raw_page(name).decode(wanted["charset"], "replace")
    soup = BeautifulSoup(text, "html.parser")
    scripts = " ".join(tag.get_text() for tag in soup.find_all("script"))
    seen = re.sub(r"\s+", "", soup.get_text() + scripts.replace("\\n", "").replace('\\"', '"'))
    for paragraph in wanted["paragraphs"]:
        assert re.sub(r"\s+", "", paragraph) in seen


def test_there_are_enough_families_of_sites():
    """At least twenty kinds of pages are held, rejected ones among them."""
    wanted = [review.expected(name) for name in review.names()]
    assert sum("paragraphs" in page for page in wanted) >= 20
    assert {page.get("rejected") for page in wanted} >= {"listing", "error-page", "wall", "video-page"}
