"""What the index stage makes of an article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

import schemas
from consumers.index.documents import build_document, build_revisions, external_version, searchable_since
from newswire.elastic.client import build_index_name, parse_index_name
from schemas.topics import ARTICLES

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLE = ARTICLES.decode((Path(schemas.__file__).parent / "examples/articles.v1/revision.json").read_bytes())
ORIGINAL = "14e0ffdc8215c81da0cde40f581237ee"


def article(**changes):
    return msgspec.structs.replace(EXAMPLE, **changes)


def test_the_external_version_grows_with_text_and_with_story():
    """A new text outranks any change of story before it, and a change of story outranks the same text."""
    steps = [(1, 0), (1, 1), (1, (1 << 20) - 1), (2, 0), (2, 7), (3, 0)]
    versions = [external_version(article(version=version, story_revision=story)) for version, story in steps]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("tier", "is_copy", "family"),
    [("exact", True, ORIGINAL), ("copy", True, ORIGINAL), ("derived", False, EXAMPLE.article_id)],
)
def test_copies_join_their_originals_family_and_derived_texts_do_not(tier, is_copy, family):
    """A text that only owes another something is shown on its own."""
    document = build_document(article(copy_of=ORIGINAL, copy_tier=tier), NOW)
    assert (document["is_copy"], document["family_id"]) == (is_copy, family)
    assert document["copy_of"] == ORIGINAL


@pytest.mark.parametrize(
    ("published_at", "dated_at"),
    [
        (SEEN - timedelta(days=400), SEEN - timedelta(days=400)),
        (SEEN + timedelta(hours=5), SEEN + timedelta(hours=5)),
        (SEEN.replace(year=2093), SEEN),
        (None, SEEN),
    ],
)
def test_an_article_stands_at_a_plausible_date(published_at, dated_at):
    """Without a date, or with one that lies ahead, the first sight counts; a wrong time zone does not."""
    assert build_document(article(published_at=published_at, first_seen_at=SEEN), NOW)["dated_at"] == dated_at


@pytest.mark.parametrize(("language", "suffix"), [("de", "de"), ("zh", "cjk"), ("ja", "cjk"), ("pl", None)])
def test_text_is_filled_into_the_field_of_its_language(language, suffix):
    """A document carries the stemmed fields of one language, or of none where we have no analyzer."""
    document = build_document(article(language=language), NOW)
    stemmed = {name for name in document if name.startswith(("title_", "body_"))}
    assert stemmed == ({f"title_{suffix}", f"body_{suffix}"} if suffix else set())


def test_what_is_unknown_is_left_out():
    """A null is no value: the document has no such field."""
    assert "modified_at" not in build_document(article(modified_at=None), NOW)


def test_each_version_but_the_last_becomes_a_revision():
    """Stored and passing versions form one chain, each replaced by the next; a change of story is none."""
    stored = build_document(article(version=1, title="One", fetched_at=SEEN), NOW)
    later = [SEEN + timedelta(hours=hours) for hours in (1, 2, 3)]
    passing = [
        article(version=3, fetched_at=later[1]),
        article(version=2, title="Two", fetched_at=later[0]),
        article(version=3, story_revision=9, fetched_at=later[1]),
    ]
    revisions = build_revisions(passing, {EXAMPLE.article_id: stored}, NOW)
    assert {id_: (r["title"], r["superseded_at"], r["superseded_by"]) for id_, r in revisions.items()} == {
        f"{EXAMPLE.article_id}:1": ("One", later[0], 2),
        f"{EXAMPLE.article_id}:2": ("Two", later[1], 3),
    }


def test_the_same_version_again_makes_no_revision():
    """A redelivered article replaces nothing."""
    stored = build_document(article(version=2), NOW)
    assert build_revisions([article(version=2)], {EXAMPLE.article_id: stored}, NOW) == {}


def test_index_names_are_built_and_taken_apart():
    """The month is that of UTC, whatever zone the time came in; other names are refused."""
    late = datetime(2026, 4, 1, 4, tzinfo=timezone(timedelta(hours=5)))
    name = build_index_name("my-news", late, "revisions")
    assert name == "my-news-revisions-2026.03"
    parts = parse_index_name(name)
    assert (parts.prefix, parts.kind, parts.month.isoformat()) == ("my-news", "revisions", "2026-03-01")
    with pytest.raises(ValueError, match="monthly index"):
        parse_index_name("newswire-articles")


def test_how_long_it_took_is_that_of_the_first_version():
    """A correction or a change of story days later does not make the article slow; a date ahead counts not."""
    first = build_document(article(first_seen_at=SEEN, published_at=SEEN - timedelta(minutes=5)), SEEN + HOUR)
    assert (first["seconds_to_searchable"], first["seconds_from_publication"]) == (3600.0, 3900.0)
    later = build_document(article(version=3, first_seen_at=SEEN), NOW + 5 * HOUR, searchable_since(first))
    assert (later["indexed_at"], later["seconds_to_searchable"]) == (NOW + 5 * HOUR, 3600.0)
    ahead = build_document(article(published_at=SEEN.replace(year=2093)), NOW)
    assert "seconds_from_publication" not in ahead


def test_a_revision_says_how_much_the_next_version_changed():
    """Words that came and went are counted; a paragraph that moved on its own is not an edit of another."""
    stored = build_document(article(version=1, title="Two hurt", body="Two were hurt.\n\nRain fell."), NOW)
    new = article(version=2, title="Two hurt", body="Three were badly hurt.\n\nThe road is shut.\n\nRain fell.")
    (revision,) = build_revisions([new], {EXAMPLE.article_id: stored}, NOW).values()
    assert {name: revision[name] for name in ("changed", "words_added", "words_removed")} == {
        "changed": ["body"],
        "words_added": 6,
        "words_removed": 1,
    }
