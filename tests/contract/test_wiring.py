"""The table of stages against schemas/topics.yml."""

from __future__ import annotations

from consumers.pipeline import PIPELINE, STAGES
from newswire.stage import Sink
from schemas.topics import ARTICLES, PARSED_ARTICLES, TOPICS, dead_letters_of

OUTSIDE = {"crawl", "discover", "fetch", "crawl_source", "downstream", "dlq", "takedown"}


def reads(stage):
    return stage.reads if isinstance(stage, Sink) else (stage.reads,)


def test_every_topic_has_the_readers_and_writers_that_the_table_says():
    """A stage reads and writes exactly the topics whose entry names it."""
    for topic in TOPICS:
        writers = {stage.name for stage in PIPELINE if topic in getattr(stage, "writes", ())}
        readers = {stage.name for stage in PIPELINE if topic in reads(stage)}
        consulting = {stage.name for stage in PIPELINE if topic in stage.consults}
        assert writers == set(topic.written_by) - OUTSIDE, topic.name
        assert readers == set(topic.read_by) - OUTSIDE, topic.name
        assert consulting == set(topic.consulted_by), topic.name


def test_the_ledger_reads_every_dead_letter_topic():
    """What a stage gives up is accounted for."""
    letters = {dead_letters_of(stage.name).name for stage in PIPELINE if not isinstance(stage, Sink)}
    assert letters <= {topic.name for topic in STAGES["ledger"].reads}


def test_topics_are_kebab_case_and_unique():
    """Dots and underscores can collide in Kafka's metric names."""
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)


def test_an_ordered_log_is_never_compacted():
    """Compaction would take away the log that a replay needs."""
    assert not PARSED_ARTICLES.compacted
    assert PARSED_ARTICLES.retention_days == 35
    assert ARTICLES.compacted


def test_english_has_a_partition_alone_and_unknown_languages_have_a_home():
    """The language table spreads the load and covers every language."""
    places = PARSED_ARTICLES.languages
    assert [language for language, place in places.items() if place == places["en"]] == ["en"]
    assert set(places.values()) == set(range(PARSED_ARTICLES.partitions))
