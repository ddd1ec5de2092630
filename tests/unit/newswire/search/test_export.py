"""What an export writes into the cells of a table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from newswire.search.export import ExportedArticle, csv_lines, json_lines

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def article(**changes):
    names = dict.fromkeys(
        ("url", "canonical_url", "source", "outlet", "host", "article_id", "story_id", "family_id"), "a"
    )
    rest = {"language": "en", "title": "Siren", "version": 1, "is_copy": False, "dated_at": NOON, "first_seen_at": NOON}
    return ExportedArticle(**names | rest | {"body": "A text, long."} | changes)


def row_of(**changes):
    header, row = csv.reader(csv_lines(iter([article(**changes)])))
    return dict(zip(header, row, strict=True))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_never_begins_a_formula(sign):
    """A spreadsheet runs what begins so, and a title may be anybody's."""
    cell = row_of(title=f"{sign}HYPERLINK(1)")["title"]
    assert cell.startswith("'")
    assert cell.endswith("HYPERLINK(1)")


@pytest.mark.parametrize("text", ["a=b", "1-2", "(=1)", "'=1", ""])
def test_other_cells_stay_as_they_are(text):
    """Only the first character counts."""
    assert row_of(title=text)["title"] == text


def test_a_table_has_a_header_and_no_texts():
    """Lists are joined, and what is unknown is empty."""
    row = row_of(authors=("Ada Reed", "Bo Lind"), country=None, word_count=3)
    assert "body" not in row
    assert (row["authors"], row["country"], row["word_count"]) == ("Ada Reed; Bo Lind", "", "3")
    assert row_of(authors=("=cmd()", "Bo Lind"))["authors"] == "'=cmd(); Bo Lind"


def test_control_characters_do_not_reach_a_terminal():
    """In either format."""
    evil = article(title="a\x1b[2J")
    assert "\x1b" not in "".join(csv_lines(iter([evil])))
    assert "\x1b" not in "".join(json_lines(iter([evil])))
