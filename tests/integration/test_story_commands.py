"""newswire story, why and vocabulary over articles that cluster placed and index wrote, on a real Elasticsearch."""

from __future__ import annotations

import datetime as dt
import json
import secrets

import pytest
from click.testing import CliRunner

from consumers.cluster import STAGE, commands, explanation
from consumers.cluster.idf import load_vocabulary
from consumers.index.indexer import ArticleIndexer
from newswire.clock import SystemClock
from newswire.commands import why as why_command
from newswire.demo.press.content import read_press
from newswire.demo.press.desk import edit_press
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.stage import Record
from schemas.messages import Article, DeduplicatedArticle
from schemas.topics import ARTICLES

pytestmark = pytest.mark.servers

EPOCH = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
TOLD = ("museum-theft", "wrenmoor-fire")


def deduplicate(number, telling, original):
    edition, seen = telling.at(0), telling.published.astimezone(dt.UTC)
    url = f"https://{telling.outlet.id}.example/{telling.coverage.slug}"
    return DeduplicatedArticle(
        **dict.fromkeys(("article_id", "url_id", "content_hash"), f"{number:032x}"),
        **dict.fromkeys(("url", "canonical_url"), url),
        **dict.fromkeys(("fetched_at", "first_seen_at", "published_at"), seen),
        **dict.fromkeys(("source", "outlet", "host"), telling.outlet.id),
        language="en",
        title=edition.title,
        body="\n\n".join(edition.paragraphs),
        verdict="new",
        version=1,
        copy_of=original,
        copy_tier="copy" if original else None,
    )


@pytest.fixture(scope="module")
def told(server_settings, tmp_path_factory):
    """Two stories of the press, from cluster to the index; and the settings under which commands find them."""
    state_dir = tmp_path_factory.mktemp("state")
    settings = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}", "state_dir": state_dir})
    press = sorted(edit_press(read_press(), EPOCH), key=lambda a: (a.published, a.key))
    tellings = [a for a in press if a.story in TOLD and a.outlet.language == "en" and a.at(0)]
    state, originals, placed = STAGE.new_state(settings), {}, []
    for number, telling in enumerate(tellings):
        original = originals.setdefault(telling.family, f"{number:032x}")
        article = deduplicate(number, telling, original if original != f"{number:032x}" else None)
        answer = state.decide(Record(STAGE.reads.name, 0, number, number, None, article))
        placed += [out.value for out in answer if isinstance(out.value, Article)]
    sync_templates(settings)
    with open_elasticsearch(settings) as client:
        records = [Record(ARTICLES.name, 0, n, 0, None, article) for n, article in enumerate(placed)]
        ArticleIndexer(client, settings.index_prefix, SystemClock())(records)
        yield settings, placed
        client.indices.delete(index=f"{settings.index_prefix}-articles-2026.03")
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


@pytest.fixture
def run(told, monkeypatch):
    """Run a command on these articles."""
    for module in (commands, explanation, why_command):
        monkeypatch.setattr(module, "settings", lambda: told[0])

    def run(command, *arguments):
        result = CliRunner(env={"COLUMNS": "240"}).invoke(command, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    return run


def test_story_names_who_was_first_and_who_copied(told, run):
    """The original heads its story; a copy says whose; any member's id finds the story."""
    story_id = told[1][0].story_id
    members = json.loads(run(commands.story, story_id, "--json"))
    assert [member["article_id"] for member in members] == [a.article_id for a in told[1] if a.story_id == story_id]
    assert members[0]["outlet"] == "corvane"
    printed = run(commands.story, members[-1]["article_id"])
    assert "copy of corvane" in printed
    assert "first of 4 with this text" in printed
    assert "of the names" in printed


def test_why_explains_copies_and_stories(told, run):
    """Two tellings of one event, and two of two events, each with what they share."""
    copies = [article for article in told[1] if article.copy_of]
    same = json.loads(run(why_command.command, copies[0].url, copies[0].copy_of, "--json"))
    assert same["copy"]["tier"] == "copy"
    assert same["story"]["is_one_story"]
    assert same["story"]["log_odds"] > 0
    other = next(article for article in told[1] if article.story_id != copies[0].story_id)
    apart = json.loads(run(why_command.command, copies[0].article_id, other.article_id, "--json"))
    assert apart["copy"]["tier"] is None
    assert not apart["story"]["is_one_story"]
    assert apart["story"]["log_odds"] < 0
    assert "two stories" in run(why_command.command, copies[0].article_id, other.article_id)


def test_vocabulary_refuses_to_count_too_little(run):
    """A handful of articles would make a worse vocabulary than the one that came with the product."""
    with pytest.raises(commands.NewswireError, match="only 4 articles in en"):
        run(commands.vocabulary, "en", "--since-days", "3650")


def test_a_renewed_vocabulary_takes_the_place_of_the_shipped_one(told, run, monkeypatch):
    """The command numbers the file on, and the stage reads the newest."""
    monkeypatch.setattr(commands, "MIN_ARTICLES", 1)
    before = load_vocabulary("en", None)
    assert "en-0002.npz" in run(commands.vocabulary, "en", "--since-days", "3650")
    load_vocabulary.cache_clear()  # as a new process would
    renewed = load_vocabulary("en", told[0].state_dir / "vocabularies")
    assert renewed.total < 10 < before.total
