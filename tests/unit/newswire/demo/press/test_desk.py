"""The desk: how agency copy becomes an outlet's text."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from newswire.demo.press.content import Correction, Coverage, Edit, Press, PressStory, read_press
from newswire.demo.press.dates import name_days
from newswire.demo.press.desk import curl, edit
from newswire.errors import ConfigError

EPOCH = dt.datetime(2026, 3, 4, 15, tzinfo=dt.UTC)
WIRE = "The harbour is grey on {day}.\n\nTwo ships came.\n\nThree left."


def edit_article(outlet, **fields):
    coverage = Coverage(
        outlet=outlet, slug="ships", title="Ships", hours=2.5, relation="carrier", carries="en", **fields
    )
    story = PressStory(story="ships", hours=20, wires={"en": WIRE}, coverage=(coverage,))
    return edit(read_press(), story, coverage, EPOCH)


def test_desk_cuts_orders_leads_and_places():
    """`keep` orders and cuts, `lead` goes first, the dateline is before the wire's own first paragraph."""
    article = edit_article("harbour-courier", place="PORT", edit=Edit(keep=(3, 1), lead="We saw it.", tail="So it is."))
    assert article.editions[0].paragraphs == (
        "We saw it.",
        "PORT (Corvane) — Three left.",
        "The harbour is grey on Tuesday.",
        "So it is.",
    )


def test_american_outlet_spells_so():
    """The same wire reads harbor and gray in an American outlet, and as it was in a British one."""
    assert edit_article("valmere-herald").editions[0].paragraphs[0] == "The harbor is gray on Tuesday."
    assert edit_article("corvane").editions[0].paragraphs[0] == "The harbour is grey on Tuesday."


def test_corrections_build_on_one_another():
    """A second correction changes what the first one left, and every edition keeps its phase and time."""
    first = Correction(hours=2, replace={"Two ships": "Four ships"}, note="Corrected once.")
    second = Correction(phase=2, hours=1, replace={"Four ships": "Five ships"}, title="More ships")
    article = edit_article("corvane", corrections=(first, second))
    assert [edition.phase for edition in article.editions] == [0, 1, 2]
    assert article.at(1).paragraphs[1:] == ("Four ships came.", "Three left.", "Corrected once.")
    assert (article.at(9).title, article.at(9).paragraphs[1]) == ("More ships", "Five ships came.")
    assert article.at(9).modified == dt.datetime(2026, 3, 4, 14, tzinfo=dt.UTC)


def test_late_article_is_not_out_before_its_phase():
    """An article of phase 1 does not exist in phase 0."""
    article = edit_article("corvane", phase=1)
    assert article.at(0) is None
    assert article.at(1) is not None


def test_unknown_wire_is_an_error():
    """A carrier of a wire that the story lacks is named."""
    story = PressStory(story="ships", hours=20, coverage=())
    coverage = Coverage(outlet="corvane", slug="s", title="S", hours=1, relation="carrier", carries="fr")
    with pytest.raises(ConfigError, match="corvane carries fr"):
        edit(read_press(), story, coverage, EPOCH)


def test_quotes_curl():
    """Opening and closing marks are distinguished, apostrophes close."""
    curled = "\u201cIt\u2019s \u2018so\u2019\u201d, he said (\u201creally\u201d)"
    assert curl('"It\'s \'so\'", he said ("really")') == curled


@pytest.mark.parametrize(
    ("language", "text", "named"),
    [
        ("en", "{day}, {day+1}, {date-3}", "Tuesday, Wednesday, 28 February 2026"),
        ("es", "el {day}", "el martes"),
        ("de", "am {date}", "am 3. März 2026"),
        ("fr", "le {date+1}", "le 4 mars 2026"),
        ("ar", "يوم {day}", "يوم الثلاثاء"),
        ("ja", "{date}、{day}", "2026年3月3日、火曜日"),
    ],
)
def test_days_have_names_in_every_language(language, text, named):
    """Days are named relative to the event's."""
    assert name_days(text, dt.date(2026, 3, 3), language) == named


def test_files_hold_every_field_of_the_press():
    """The press is read whole: no part of it is empty."""
    assert all(getattr(read_press(), field.name) for field in msgspec.structs.fields(Press))
