"""The press's own files: what they promise of outlets, languages and texts."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from itertools import combinations, pairwise

import pytest

from newswire.demo.press.content import HERE, read_press
from newswire.demo.press.desk import edit_press, split_paragraphs
from newswire.demo.press.odd_responses import RESPONSES_BY_KIND
from newswire.errors import ConfigError

EPOCH = dt.datetime(2026, 3, 4, 15, tzinfo=dt.UTC)
SHORT = {"mill-street-mirror/tortoise-home-again"}
WORDS = {"en", "es", "de", "fr", "ar"}  # the languages that put blanks between words


@pytest.fixture(scope="module")
def press():
    return read_press()


@pytest.fixture(scope="module")
def articles(press):
    return edit_press(press, EPOCH)


def test_press_is_as_large_as_promised(press, articles):
    """Ten outlets and more, in six languages, with eighty articles and more, in seven layouts and five charsets."""
    outlets = press.outlets.values()
    assert len(outlets) >= 10
    assert {outlet.language for outlet in outlets} == {"en", "es", "de", "fr", "ar", "ja"}
    assert len(articles) >= 80
    assert len({outlet.layout for outlet in outlets}) >= 6
    assert {outlet.charset for outlet in outlets} == {"utf-8", "windows-1252", "iso-8859-1", "shift_jis"}
    assert {outlet.declares for outlet in outlets} == {"header", "meta", "both", "nothing"}


def test_every_article_has_three_real_paragraphs(articles):
    """No article is thinner than three paragraphs of forty to ninety words; the one short note is known."""
    for article in articles:
        for edition in article.editions:
            if article.key in SHORT:
                assert len(" ".join(edition.paragraphs).split()) < 60
                continue
            assert len(edition.paragraphs) >= 3, article.key
            if article.outlet.language in WORDS:
                long = [len(p.split()) for p in edition.paragraphs if not p.startswith("Correction")]
                assert all(37 <= words <= 90 for words in long), (article.key, long)


def test_every_wire_is_carried_and_every_edit_changes_something(press):
    """Agency copy has two carriers at least, and no replacement in a file has gone stale."""
    for story in press.stories:
        for name, wire in story.wires.items():
            carriers = [coverage for coverage in story.coverage if coverage.carries == name]
            assert len(carriers) >= 2, story.story
            for coverage in carriers:
                kept = [split_paragraphs(wire)[n - 1] for n in coverage.edit.keep or range(1, 2)]
                assert all(old in "\n".join(kept) for old in coverage.edit.replace), coverage.slug


def test_every_correction_changes_the_text(articles):
    """Each edition differs from the one before in its title or body, and is later."""
    corrected = [article for article in articles if len(article.editions) > 1]
    assert len(corrected) >= 3
    for article in corrected:
        for before, after in pairwise(article.editions):
            assert (before.title, before.paragraphs) != (after.title, after.paragraphs), article.key
            assert before.modified < after.modified < EPOCH, article.key
            replaced = [old for fix in article.coverage.corrections for old in fix.replace]
            assert not any(old in "\n".join(after.paragraphs) for old in replaced), article.key


def test_nothing_is_published_after_the_epoch_or_before_its_event(press):
    """Dates make sense: an event, its carriers, the epoch."""
    for story in press.stories:
        for coverage in story.coverage:
            assert coverage.hours > 0
            assert coverage.relation == "report" or coverage.hours <= story.hours, coverage.slug


def test_articles_have_paths_and_keys_of_their_own(articles):
    """No two articles share a key, an address or a text; carriers differ in something."""
    addresses = Counter((article.outlet.id, article.path) for article in articles)
    assert max(addresses.values()) == 1
    assert max(Counter(article.key for article in articles).values()) == 1
    texts = Counter((e.title, e.paragraphs) for article in articles for e in article.editions)
    assert max(texts.values()) == 1


def test_days_are_named_in_the_text(press):
    """No placeholder is left, and the day is the event's: Tuesday, 3 March for what was 27 hours ago."""
    (story,) = [story for story in press.stories if story.story == "askholm-dam"]
    articles = {article.key: article for article in edit_press(press, EPOCH)}
    assert story.hours == 20
    assert "on Tuesday after engineers" in articles["corvane/askholm-dam-seepage"].editions[0].paragraphs[0]
    for article in articles.values():
        assert "{" not in "".join((article.editions[-1].title, *article.editions[-1].paragraphs)), article.key


def test_reports_from_one_mould_are_stories_of_their_own(articles):
    """Market and match reports share no family and no story."""
    reports = [article for article in articles if article.coverage.relation == "report"]
    assert len({article.story for article in reports}) == len({article.family for article in reports}) == len(reports)


def test_carriers_are_family_and_independent_carriers_are_only_story(articles):
    """A family is one wire's text; a story holds families and independent carriers."""
    ferry = [article for article in articles if article.story == "ferry-aground"]
    families = {article.coverage.relation: article.family for article in ferry}
    assert families["original"] == families["carrier"] == "ferry-aground/en"
    assert families["independent"] != families["original"]


def test_families_are_close_and_nothing_else_is(articles):
    """Any two of a family share most five-word sequences of the shorter one; templates and recarriers do not."""
    fives = {article.key: _fives(article) for article in articles}
    for one, other in combinations(articles, 2):
        shared = len(fives[one.key] & fives[other.key]) / min(len(fives[one.key]), len(fives[other.key]))
        is_close = shared > 0.6
        assert is_close == (one.family == other.family), (one.key, other.key, shared)
        assert is_close or shared < 0.3, (one.key, other.key, shared)


def _fives(article):
    text = " ".join(article.editions[0].paragraphs)
    tokens = re.findall(r"\w+", text) if article.outlet.language in WORDS else list(text)
    return set(zip(*(tokens[n:] for n in range(5)), strict=False))


def test_rogues_are_of_known_kinds(press):
    """Each odd response has a known kind and outlet."""
    assert {odd.kind for odd in press.odd_responses} <= set(RESPONSES_BY_KIND)
    assert {odd.outlet for odd in press.odd_responses} <= set(press.outlets)
    assert len({odd.kind for odd in press.odd_responses}) >= 10


def test_broken_file_is_named(tmp_path):
    """A file that does not fit its struct is named with what is wrong."""
    for name in ("odd_responses.yml", "searches.yml", "boilerplate.yml", "american.yml"):
        (tmp_path / name).write_text((HERE / name).read_text("utf-8"), "utf-8")
    (tmp_path / "outlets.yml").write_text("- id: x\n  colour: blue\n")
    with pytest.raises(ConfigError, match=r"outlets\.yml: Object contains unknown field `colour`"):
        read_press(tmp_path)
