"""What people are told of a story: when each article came, whose text it is, why it is here; and of two alike."""

from __future__ import annotations

import datetime as dt

from consumers.cluster.explanation import explain
from consumers.cluster.story_table import make_rows, make_table, sort_by_publication
from newswire.demo.press.content import read_press
from newswire.demo.press.desk import edit_press

EPOCH = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)


def member(article_id, told, **others):
    return {
        "article_id": article_id,
        "story_id": "herald",
        "family_id": article_id,
        "is_copy": False,
        "outlet": f"The {article_id.title()}",
        "title": f"{article_id} tells",
        "dated_at": f"2026-03-04T{told}:00Z",
        "reasons": [],
        "scores": {},
    } | others


# The Herald was fetched first, so dedupe takes the agency's text for a copy of it.
HERALD = member("herald", "11:00")
AGENCY = member(
    "agency", "10:30", family_id="herald", is_copy=True, copy_of="herald", copy_tier="copy", reasons=["90% of it"]
)
COURIER = member(
    "courier", "15:45", scores={"story": 1.5}, reasons=["told of the same event as herald: 40% of the names"]
)
EXPANDED = member("mirror", "16:00", copy_of="courier", copy_tier="derived", reasons=["30% of it"])


def test_who_told_it_first_stands_first():
    """Order and copies go by the time of telling, not by who was fetched first."""
    rows = make_rows(sort_by_publication([HERALD, COURIER, AGENCY, EXPANDED]))
    assert [row.outlet for row in rows] == ["The Agency", "The Herald", "The Courier", "The Mirror"]
    assert [row.published for row in rows] == ["2026-03-04 10:30", "+0:30 h", "+5:15 h", "+5:30 h"]
    assert [row.text for row in rows] == [
        "first of 2 with this text",
        "copy of The Agency",
        "its own",
        "draws on The Courier",
    ]


def test_reasons_name_outlets():
    """Nobody knows an article by its id."""
    agency, herald, courier, _ = make_rows(sort_by_publication([HERALD, COURIER, AGENCY, EXPANDED]))
    assert agency.reason == "with The Herald: 90% of it"
    assert herald.reason == "seen first, so the story has its id"
    assert courier.reason == "+1.50 with The Herald: 40% of the names"


def test_the_title_counts():
    """Articles, texts and outlets, in the singular where there is one."""
    assert make_table([AGENCY, HERALD, COURIER]).title == "Story herald: 3 articles, 2 texts, 3 outlets"
    assert make_table([HERALD]).title == "Story herald: 1 article, 1 text, 1 outlet"


def test_reports_from_one_mould_are_called_so():
    """Their words alone would make two market reports one event; the verdict says what does not."""
    texts = [t for t in edit_press(read_press(), EPOCH) if t.coverage.slug.startswith("valmere-shares-")]
    documents = [
        {
            "language": "en",
            "title": text.editions[0].title,
            "body": "\n\n".join(text.editions[0].paragraphs),
            "host": "one.example",
            "story_id": text.key,
            "dated_at": text.published.isoformat(),
        }
        for text in texts[:2]
    ]
    told = explain(*documents)
    assert told["is_from_one_mould"]
    assert "one outlet's template" in told["lines"][1]
    elsewhere = explain(documents[0], documents[1] | {"host": "other.example"})
    assert "report one event" in elsewhere["lines"][1]
