"""Hostile pages are parsed, or rejected with a reason, in a short time."""

from __future__ import annotations

import contextlib
import datetime as dt
import time

import pytest

from consumers.parse.extraction import extract_article
from consumers.parse.fields.metadata import Origin
from consumers.parse.input.limits import cut_scripts, find_danger
from consumers.parse.input.scripts import read_scripts
from consumers.parse.rejection import Rejected

BODY = "<p>" + "A plain sentence of prose, with a comma and some words. " * 6 + "</p>"
MANY = " ".join(f'a{n}="v"' for n in range(100_000))
PAGES = {
    "nested": "<div>" * 20_000 + BODY,
    "unclosed": "<p><b>x" * 50_000,
    "tables": "<table><tr><td>" * 20_000 + BODY,
    "attributes": f"<div {MANY}>{BODY * 5}</div>",
    "entities": "<p>" + "&#x41;&bogus;" * 200_000 + "</p>",
    "script": "<script>" + "var a='<p>x</p>';" * 300_000 + "</script>" + BODY * 5,
    "jsonld": '<script type="application/ld+json">' + '{"a":' * 5000 + "}" * 5000 + "</script>" + BODY * 5,
    "openings": BODY * 5 + "<script>" * 20_000,
    "data openings": BODY * 5 + '<script type="application/ld+json">' * 20_000,
    "links": "<link re" * 20_000 + BODY * 5,
    "comment": BODY * 5 + "<!-- " + BODY * 2000,
    "by": "<h1>x</h1>" + "".join(f"<p>By {'Aa' * 50} {n}</p>" for n in range(300)) + BODY,
}
ORIGIN = Origin("https://outlet.example/a", dt.datetime(2031, 5, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_to_hurt_costs_little(name):
    """No shape of a page takes the reader more than four CPU seconds, and only Rejected is raised."""
    started = time.process_time()
    with contextlib.suppress(Rejected):
        extract_article(f"<html><body>{PAGES[name]}".encode(), ORIGIN)
    assert time.process_time() - started < 4


@pytest.mark.parametrize(("name", "words"), [("nested", "nested"), ("attributes", "words"), ("tables", "60002 tags")])
def test_the_danger_is_named(name, words):
    """What makes a page too costly is named, before any tree is built."""
    assert words in find_danger(PAGES[name])


def test_ordinary_pages_are_no_danger():
    """A long page, a tag with a large quoted value, and scripts with tags in them are not a danger."""
    assert find_danger(BODY * 2000) is None
    assert find_danger(f"<div data-state='{'a b ' * 20_000}'>{BODY}</div>") is None
    assert cut_scripts("a<script>x</style><p></script>b<style>p</style>c").split() == ["a", "b", "c"]


def test_the_fallback_reads_what_is_too_costly_for_the_tree():
    """A page with too many attributes still gives its paragraphs, with a note on how it was read."""
    found = extract_article(f"<html><title>A title</title><body>{PAGES['attributes']}".encode(), ORIGIN)
    assert found.reading.reader == "slow"
    assert found.body.startswith("A plain sentence")
    assert "read slowly" in found.meta.notes[-1]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"just words, no markup. " * 40, "not-html"),
        (b"<html>" + bytes((n * 197 + (n >> 8) * 31) % 256 for n in range(100_000)) + b"<p>", None),
        (b"<p>" + b"x" * 12_000_001, "too-large"),
        (b"<html><body><p>Three words only.</p></body></html>", "too-short"),
    ],
)
def test_what_is_not_an_article_is_rejected_with_a_reason(raw, reason):
    """Nothing, noise, plain text, too much and too little: each has its reason."""
    with pytest.raises(Rejected) as caught:
        extract_article(raw, ORIGIN)
    assert caught.value.reason == reason or (reason is None and caught.value.reason)


FLAT = "<p>"
WORDY = "<div " + "a " * 998


@pytest.mark.parametrize(
    ("harmless", "dangerous", "words"),
    [
        ("x" * 3_000_000, "x" * 3_000_001, "3000001 characters"),
        (FLAT * 60_000, FLAT * 60_001, "60001 tags"),
        ("<b>" * 1_500 + FLAT * 4_000, "<b>" * 1_501 + FLAT * 4_000, "1501 deep"),
        ("<b>" * 1_501 + FLAT * 3_499, "<b>" * 1_501 + FLAT * 3_500, "1501 deep"),
        (f"{WORDY}{'b' * 20_000}>", f"{WORDY}a {'b' * 20_000}>", "1001 words"),
        (f"{WORDY}a {'b' * 17_997}>", f"{WORDY}a {'b' * 17_998}>", "1001 words"),
    ],
    ids=["characters", "tags", "depth", "tags whose depth counts", "words of a tag", "characters of a tag"],
)
def test_each_limit_is_where_it_is(harmless, dangerous, words):
    """The largest page that the fast tree may read, and the smallest that it may not."""
    assert find_danger(harmless) is None
    assert words in (find_danger(dangerous) or "")


@pytest.mark.parametrize(("mentions", "count"), [(99, 1), (100, 0)])
def test_scripts_are_searched_for_a_hundred_times(mentions, count):
    """Mentions of the type outside a script cost as much as a script; twenty scripts are read."""
    script = '<script type="application/json">1</script>'
    assert len(list(read_scripts("application/json " * mentions + script, "application/json"))) == count
    assert len(list(read_scripts(script * 21, "application/json"))) == 20
