"""What a story's document shows without the members that are taken down."""

from __future__ import annotations

import pytest

from newswire.takedowns.stories import leave_out

STORY = {
    "story_id": "s", "headline": "A burns", "size": 3, "members": ["a", "b", "c"], "outlets": ["Post", "Mail", "Bote"],
    "languages": ["en", "de"], "outlet_count": 3, "first_outlet": "Post",
}  # fmt: skip
INDEXED = {
    "b": {"title": "B burns", "outlet": "Mail", "language": "en"},
    "c": {"title": "A burns", "outlet": "Bote", "language": "de"},
}


def test_the_headline_stays_if_it_is_the_title_of_another_member():
    """A copy may have the same title, and that one is allowed."""
    assert leave_out(STORY, {"a"}, INDEXED)["headline"] == "A burns"
    assert leave_out(STORY | {"headline": "A is lost"}, {"a"}, INDEXED)["headline"] == "B burns"


def test_members_size_outlets_and_languages_are_those_of_the_others():
    """Outlets stay in the order in which they joined."""
    shown = leave_out(STORY, {"a", "c"}, INDEXED)
    assert (shown["members"], shown["size"], shown["outlets"], shown["languages"]) == (["b"], 1, ["Mail"], ["en"])
    assert (shown["outlet_count"], shown["first_outlet"]) == (1, "Mail")


@pytest.mark.parametrize(("indexed", "size"), [({"b": INDEXED["b"]}, 3), (INDEXED, 900)])
def test_outlets_stay_while_those_of_a_member_are_unknown(indexed, size):
    """A member that is not indexed yet, or not listed, may be of any outlet."""
    shown = leave_out(STORY | {"size": size}, {"a"}, indexed)
    assert (shown["outlets"], shown["outlet_count"], shown["size"]) == (STORY["outlets"], 3, size - 1)


def test_a_story_of_which_nothing_is_left_shows_nothing():
    """Lists leave out stories without members."""
    shown = leave_out(STORY, {"a", "b", "c"}, {})
    assert (shown["headline"], shown["size"], shown["members"], shown["outlets"]) == ("", 0, [], [])
    assert "first_outlet" not in shown


def test_a_title_of_blanks_is_no_headline():
    """The next member's title is taken."""
    indexed = {"b": INDEXED["b"] | {"title": "  "}, "c": INDEXED["c"] | {"title": "C"}}
    assert leave_out(STORY, {"a"}, indexed)["headline"] == "C"
