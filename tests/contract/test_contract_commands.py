"""`newswire contract diff | release | messages`, and the set of conformance messages."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner

from newswire.commands.contract import command as contract_commands
from newswire.commands.contract.messages import build_cases, downstream_topics, what_is_left
from newswire.errors import ConfigError
from schemas import generate
from schemas.releases import FOLDER, PARTS, release_key

ROOT = Path(__file__).parents[2]
TOPICS = pytest.mark.parametrize("topic", downstream_topics(), ids=lambda topic: topic.name)


def run(*words, code=0):
    done = CliRunner().invoke(contract_commands.command, words, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def older(tmp_path):
    """A schemas folder of today, to be edited into one of yesterday."""
    for part in PARTS:
        source = FOLDER / part
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, tmp_path / part)
    return tmp_path


def require(folder, field):
    """Make a field required in a folder's articles."""
    path = folder / "json/articles.v1.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["$defs"]["Article"]["required"].append(field)
    path.write_text(json.dumps(schema), encoding="utf-8")


def test_a_break_is_said_with_exit_code_1(older):
    """The sentence names the field and those whom it hits; a script gets the same as data."""
    require(older, "image")
    text = run("diff", "--against", str(older), code=1)
    says = "field `image` is no longer required: index and services downstream may find none"
    assert f"breaks      articles v1: {says}" in text
    (row,) = json.loads(run("diff", "--against", str(older), "--json", code=1))
    assert (row["topic"], row["says"], row["breaking"], row["announced"]) == ("articles", says, True, False)


def test_today_breaks_nothing(older):
    """Against every release, a folder that is the same, and the last commit: exit code 0."""
    assert "Against 0.1.0" in run("diff")
    assert "no changes" in run("diff", "--against", str(older))
    if not (ROOT / ".git").exists():
        pytest.skip("no git repository here")
    assert "Against HEAD" in CliRunner().invoke(contract_commands.command, ["diff", "--against", "HEAD"]).output


@pytest.mark.parametrize(
    ("against", "says"), [("no-such-branch", "neither a folder nor a commit"), (".", "topics.yml")]
)
def test_what_cannot_be_compared_is_named(against, says, monkeypatch, tmp_path):
    """A misspelt branch and a folder without schemas are clear messages."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=says):
        run("diff", "--against", against)


def test_a_release_is_kept_once_and_only_if_it_breaks_nothing(older, monkeypatch, tmp_path):
    """Today's contracts become a release; a second time, or after a break, they do not."""
    released = tmp_path / "released"
    released.mkdir()
    monkeypatch.setattr(contract_commands, "RELEASED", released)
    monkeypatch.setattr(contract_commands, "released_folders", lambda: [older])
    run("release")
    assert {path.name for path in (released / version("newswire")).iterdir()} == set(PARTS)
    with pytest.raises(ConfigError, match="released already"):
        run("release")
    shutil.rmtree(released / version("newswire"))
    require(older, "image")
    with pytest.raises(ConfigError, match="not released: articles v1: field `image` is no longer required"):
        run("release")


def test_releases_are_ordered_by_number():
    """0.10.0 comes after 0.9.0."""
    assert sorted(["0.10.0", "0.9.0", "1.0.0"], key=release_key) == ["0.9.0", "0.10.0", "1.0.0"]


@TOPICS
def test_every_conformance_message_keeps_the_contract(topic):
    """The set asks of a consumer no more than the contract does: schema, decoder and headers hold."""
    schema = jsonschema_rs.validator_for(json.loads(generate.schema_of(topic)))
    cases = build_cases(topic, "run")
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        if case.value is not None:
            schema.validate(case.value)
            assert topic.key_of(topic.decode(case.encoded())) == case.key.encode()
        names = {name for name, _ in case.headers}
        assert {"ce_type", "traceparent"} < names
        assert ("ce_id" in names) == (case.value is not None)


@TOPICS
def test_the_set_has_what_consumers_stumble_over(topic):
    """Redelivery, unknown fields, the next release, the least and, on compacted topics, tombstones."""
    cases = {case.name: case for case in build_cases(topic, "run")}
    wanted = {"redelivery", "unknown-field", "next-release", "least"}
    wanted |= {"tombstone", "tombstone-of-unknown"} if topic.compacted else set()
    assert wanted <= cases.keys()
    known = set(topic.message.__struct_fields__)
    assert set(cases["unknown-field"].value) - known
    assert set(cases["next-release"].value) - known
    assert set(cases["least"].value) <= known


@TOPICS
def test_runs_share_no_keys_and_repeat_themselves(topic):
    """A consumer's memory of one run does not hide a fault in the next; the same run is the same to the byte."""
    first, again, other = (build_cases(topic, run) for run in ("a", "a", "b"))
    assert first == again
    assert not {case.key for case in first} & {case.key for case in other}


def test_what_is_left_follows_versions_and_tombstones():
    """Of the first article the newest version and story stay; what was taken down is gone."""
    topic = next(topic for topic in downstream_topics() if topic.name == "articles")
    cases = {case.name: case for case in build_cases(topic, "run")}
    left = what_is_left(topic, list(cases.values()))
    assert left[cases["new"].key] == cases["story-moved"].value
    assert cases["tombstone"].key not in left
    assert set(left) == {case.key for case in cases.values()} - {
        cases[n].key for n in ("tombstone", "tombstone-of-unknown")
    }


def test_of_events_each_is_left_once():
    """A topic that is not compacted is a stream of events: a redelivery is the one thing that adds none."""
    topic = next(topic for topic in downstream_topics() if topic.name == "indexed-articles")
    cases = build_cases(topic, "run")
    assert len(what_is_left(topic, cases)) == len(cases) - 1


def test_messages_are_written_for_tests_without_kafka(tmp_path):
    """One file a message, in order, and what should be left of them."""
    run("messages", "--out", str(tmp_path / "set"))
    written = sorted(path.name for path in (tmp_path / "set").iterdir())
    assert written[0] == "01-new.json"
    assert written[-1] == "expected.json"
    tombstone = json.loads((tmp_path / "set/12-tombstone.json").read_text("utf-8"))
    assert tombstone["value"] is None
    assert tombstone["key"] not in json.loads((tmp_path / "set/expected.json").read_text("utf-8"))
