"""What a change of the contracts breaks, and for whom; and that nothing released is broken."""

from __future__ import annotations

import copy
import json

import jsonschema_rs
import pytest

from schemas.compatibility import compare
from schemas.releases import FOLDER, Contract, read_folder, released_folders
from schemas.schema_fields import LIMITS
from schemas.topics import TOPICS

EXAMPLES = [path for folder in released_folders() for path in sorted((folder / "examples").glob("*.v*/*.json"))]


@pytest.mark.parametrize("folder", released_folders(), ids=lambda folder: folder.name)
def test_nothing_that_was_released_is_broken(folder):
    """Today's contracts only add to those of every release, or say so by a new version."""
    changes = compare(read_folder(folder), read_folder())
    assert [str(change) for change in changes if change.is_breaking and not change.is_announced] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: "/".join(path.parts[-4:]))
def test_every_message_ever_released_is_read(path):
    """A golden message of a release satisfies that release's schema and decodes with today's code."""
    schema = json.loads((path.parents[2] / "json" / f"{path.parent.name}.json").read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(json.loads(path.read_text("utf-8")))
    name = path.parent.name.rsplit(".v", 1)[0]
    next(topic for topic in TOPICS if topic.name == name).decode(path.read_bytes())


@pytest.mark.parametrize("path", sorted((FOLDER / "json").glob("*.json")), ids=lambda path: path.stem)
def test_no_word_of_a_schema_is_overlooked(path):
    """A keyword that the comparison does not know would hide a break."""

    def keywords(node, *, is_names=False):
        if isinstance(node, dict):
            for name, inner in node.items():
                yield from () if is_names else (name,)
                yield from keywords(inner, is_names=name in {"properties", "$defs"} and not is_names)

    structure = {"$schema", "$ref", "$defs", "title", "description", "type", "properties", "required", "default"}
    known = {*structure, "items", "anyOf", "enum", "additionalProperties", *LIMITS}
    assert set(keywords(json.loads(path.read_text("utf-8")))) <= known


def test_every_release_is_whole():
    """A release holds the schema and an example of each of its topics."""
    for folder in released_folders():
        names = {f"{name}.v{each.entry['version']}" for name, each in read_folder(folder).items()}
        assert {path.stem for path in (folder / "json").iterdir()} == names
        assert {path.name for path in (folder / "examples").iterdir()} == names


ARTICLES = Contract(
    {
        "message": "Article", "version": 1, "key": "article_id", "identity": ["article_id"], "partitions": 12,
        "retention_days": 7, "written_by": ["cluster"], "read_by": ["index", "downstream"],
    },
    {
        "$ref": "#/$defs/Article",
        "$defs": {
            "Article": {
                "type": "object",
                "required": ["title", "size"],
                "properties": {
                    "title": {"type": "string"},
                    "size": {"type": "integer", "minimum": 1},
                    "kind": {"enum": ["article", "live"], "default": "article"},
                    "host": {"type": "string", "pattern": "^[a-z{}]+$"},
                    "scores": {"type": "object", "additionalProperties": {"type": "number"}},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "feed": {"anyOf": [{"$ref": "#/$defs/Feed"}, {"type": "null"}], "default": None},
                },
            },
            "Feed": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
        },
    },
)  # fmt: skip


def changes_after(edit):
    """Return what an edit of entry and schema changes, as (line, breaking, announced)."""
    entry, schema = copy.deepcopy((ARTICLES.entry, ARTICLES.schema))
    edit(entry, schema["$defs"]["Article"], schema["$defs"]["Feed"]["properties"])
    found = compare({"articles": ARTICLES}, {"articles": Contract(entry, schema)})
    return [(str(change), change.is_breaking, change.is_announced) for change in found]


READERS = "index and services downstream"
REFUSED = "will refuse what cluster of an older release wrote"
# What is edited in the entry, the article's schema and the feed's fields; what is said of it; what follows for readers.
BREAKS = {
    "removed": (
        lambda _e, a, _f: a["properties"].pop("tags"),
        "field `tags` is gone",
        "will find none",
    ),
    "optional": (
        lambda _e, a, _f: a["required"].remove("title"),
        "field `title` is no longer required",
        "may find none",
    ),
    "required": (
        lambda _e, a, _f: a["required"].append("kind"),
        "field `kind` is now required",
        REFUSED,
    ),
    "added-required": (
        lambda _e, a, _f: (a["properties"].update(mood={"type": "string"}), a["required"].append("mood")),
        "field `mood` is new and required",
        REFUSED,
    ),
    "nullable": (
        lambda _e, a, _f: a["properties"].update(title={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "field `title` may now be null",
        "that expect string may not take it",
    ),
    "widened": (
        lambda _e, a, _f: a["properties"]["size"].update(type="number"),
        "field `size` may now be number",
        "that expect integer may not take it",
    ),
    "narrowed": (
        lambda _e, a, _f: a["properties"]["scores"].update(additionalProperties={"type": "integer"}),
        "field `scores.*` may no longer be number",
        REFUSED,
    ),
    "new-value": (
        lambda _e, a, _f: a["properties"]["kind"]["enum"].append("video"),
        "field `kind` may now be video",
        "that know article, live only may not take it",
    ),
    "lost-value": (
        lambda _e, a, _f: a["properties"]["kind"]["enum"].remove("live"),
        "field `kind` may no longer be live",
        REFUSED,
    ),
    "any-value": (
        lambda _e, a, _f: a["properties"].update(kind={"type": "string", "default": "article"}),
        "field `kind` may now be anything",
        "that know article, live only may not take it",
    ),
    "listed-values": (
        lambda _e, a, _f: a["properties"].update(title={"type": "string", "enum": ["a"]}),
        "field `title` may now be a only",
        REFUSED,
    ),
    "tightened": (
        lambda _e, a, _f: a["properties"]["size"].update(minimum=2),
        "field `size`: minimum is 2, no longer 1",
        REFUSED,
    ),
    "loosened": (
        lambda _e, a, _f: a["properties"]["size"].pop("minimum"),
        "field `size`: minimum is unset, no longer 1",
        "that rely on the old one may not take it",
    ),
    "limited": (
        lambda _e, a, _f: a["properties"]["tags"]["items"].update(maxLength=9),
        "field `tags[]`: maxLength is 9, no longer unset",
        REFUSED,
    ),
    "unlimited": (
        lambda _e, a, _f: a["properties"]["host"].pop("pattern"),
        "field `host`: pattern is unset, no longer ^[a-z{}]+$",
        "that rely on the old one may not take it",
    ),
    "default": (
        lambda _e, a, _f: a["properties"]["kind"].update(default="live"),
        "field `kind`, where it is absent, means live, no longer article",
        "that fill it in themselves will be wrong",
    ),
    "nested": (
        lambda _e, _a, f: f.pop("title"),
        "field `feed.title` is gone",
        "will find none",
    ),
    "key": (
        lambda e, _a, _f: e.update(key="language"),
        "key is language, no longer article_id",
        "will find its records in another partition and another order",
    ),
    "message": (
        lambda e, _a, _f: e.update(message="Piece"),
        "the message is Piece, no longer Article",
        "will not know its ce_type",
    ),
    "kept-shorter": (
        lambda e, _a, _f: e.update(retention_days=3),
        "records are kept 3 days, no longer 7",
        "that were away longer will miss records",
    ),
    "compacted": (
        lambda e, _a, _f: e.update(compacted=True),
        "compacted is true, no longer unset",
        "can no longer rely on what is kept",
    ),
    "version": (
        lambda e, _a, _f: e.update(version=0),
        "the version went back from 1",
        "",
    ),
}


@pytest.mark.parametrize(("edit", "says", "consequence"), BREAKS.values(), ids=BREAKS)
def test_a_break_is_said_in_words(edit, says, consequence):
    """Each planted break is found once, with the readers it hits."""
    (found,) = changes_after(edit)
    whole = f"{says}: {READERS} {consequence}" if consequence else says
    assert found[0].partition(": ")[2] == whole
    assert found[1:] == (True, False)


def test_another_pattern_is_looser_and_tighter():
    """Neither the readers of new records nor those of old ones can know."""
    found = changes_after(lambda _e, a, _f: a["properties"]["host"].update(pattern="^x$"))
    assert [breaking for _, breaking, _ in found] == [True, True]


def test_additions_break_nobody():
    """An optional field, a longer retention and another description are no break."""

    def edit(entry, article, feed):
        article["properties"]["mood"] = {"type": "string", "description": "new"}
        article["properties"]["title"]["description"] = "another"
        feed["language"] = {"type": "string"}
        entry["retention_days"] = 14
        entry["read_by"] = ["index", "watch"]

    found = changes_after(edit)
    assert len(found) == 3
    assert not any(breaking for _, breaking, _ in found)


def test_a_new_version_announces_the_break():
    """The change is still said in words, and does not count against the release."""
    found = changes_after(lambda e, a, _f: (e.update(version=2), a["properties"].pop("tags")))
    assert found == [("articles v2: field `tags` is gone: index and services downstream will find none", True, True)]


def test_a_topic_comes_and_goes():
    """A topic that is gone leaves its readers without; a new one bothers nobody."""
    (gone,) = compare({"articles": ARTICLES}, {})
    (new,) = compare({}, {"articles": ARTICLES})
    assert (str(gone), gone.is_breaking) == (
        "articles v1: the topic is gone: index and services downstream will find nothing",
        True,
    )
    assert (str(new), new.is_breaking) == ("articles v1: the topic is new", False)
