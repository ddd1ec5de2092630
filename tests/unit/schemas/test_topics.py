"""What the broker is told of each topic."""

from __future__ import annotations

from newswire.kafka.topic_admin import all_topics, topic_configs
from schemas.topics import ARTICLES, FETCHED_PAGES, PARSED_ARTICLES, dead_letters_of, stage_names


def test_the_stages_are_those_that_read():
    """DAGs and services downstream have no dead letters of ours."""
    assert stage_names() == ["cluster", "dedupe", "index", "ledger", "parse", "record", "watch"]


def test_every_stage_has_its_dead_letters():
    """The topics made are those of topics.yml and one for each stage's refusals."""
    names = [topic.name for topic in all_topics()]
    assert len(names) == len(set(names))
    assert {f"{stage}-dlq" for stage in stage_names()} <= set(names)


def test_logs_are_kept_as_long_as_the_table_says():
    """35 days are what a rebuilt state can know."""
    configs = topic_configs(PARSED_ARTICLES, 1)
    assert (configs["cleanup.policy"], configs["retention.ms"]) == ("delete", str(35 * 24 * 3600 * 1000))


def test_compacted_topics_never_expire():
    """The newest version of an article stays, and a tombstone long enough for a reader on leave."""
    configs = topic_configs(ARTICLES, 1)
    assert configs["cleanup.policy"] == "compact"
    assert "retention.ms" not in configs
    assert int(configs["delete.retention.ms"]) >= 24 * 3600 * 1000


def test_pages_are_not_compressed_twice():
    """Their body is zstd already."""
    assert topic_configs(FETCHED_PAGES, 1)["compression.type"] == "uncompressed"


def test_dead_letters_take_larger_records_than_any_topic():
    """A record at its topic's limit fits together with the dlq.* headers."""
    assert int(topic_configs(dead_letters_of("parse"), 1)["max.message.bytes"]) > 2 * 2**20


def test_three_replicas_need_two_acknowledgements():
    """With one broker one has to do."""
    assert topic_configs(ARTICLES, 3)["min.insync.replicas"] == "2"
    assert topic_configs(ARTICLES, 1)["min.insync.replicas"] == "1"
