"""Who may do what on Kafka, as it follows from schemas/topics.yml."""

from __future__ import annotations

from collections import defaultdict

import pytest

from consumers.pipeline import PIPELINE
from newswire.kafka.access import ADMIN, RULES_VERSION, fingerprint_access, rules, user_names
from newswire.kafka.lag import stages_and_topics
from schemas.topics import OUTSIDERS, TOPICS, dead_letters_of


def granted(prefix=""):
    """Return (user, right, kind) -> names."""
    found = defaultdict(set)
    for rule in rules(prefix):
        found[rule.user, rule.right, rule.kind].add(rule.name)
    return found


@pytest.mark.parametrize("stage", PIPELINE, ids=lambda stage: stage.name)
def test_a_stage_may_do_its_own_work_and_nothing_else(stage):
    """It reads what it reads or consults, writes what it writes and its dead letters, in its own groups."""
    may = granted()
    written = {topic.name for topic in getattr(stage, "writes", ())} | {dead_letters_of(stage.name).name}
    consulted = {topic.name for topic in stage.consults}
    assert may.pop((stage.name, "READ", "TOPIC")) == set(stages_and_topics()[stage.name]) | consulted
    assert may.pop((stage.name, "WRITE", "TOPIC")) == written
    assert may.pop((stage.name, "READ", "GROUP")) == {stage.name, f"{stage.name}-replay-*"}
    assert [key for key in may if key[0] == stage.name] == []


def test_nobody_but_parse_writes_parsed_articles():
    """Dedupe decides by this log for good: what another writes there is decided upon."""
    assert {rule.user for rule in rules("") if rule.right == "WRITE" and rule.name == "parsed-articles"} == {"parse"}


def test_the_crawl_writes_what_it_fetches():
    """Its parts are one user: they run as tasks of one Airflow."""
    may = granted()
    assert may["crawl", "WRITE", "TOPIC"] == {"crawl-requests", "fetched-pages", "fetch-outcomes"}
    assert may["crawl", "READ", "TOPIC"] == {"crawl-requests"}
    assert may["crawl", "READ", "GROUP"] == {"crawl_source"}


def test_web_and_airflow_see_how_far_the_stages_are():
    """The pages show lag; they read no record and write none."""
    may = granted()
    assert {key for key in may if key[0] == "web"} == {("web", "DESCRIBE", "TOPIC"), ("web", "DESCRIBE", "GROUP")}
    assert may["crawl", "DESCRIBE", "GROUP"] == {"*"}


def test_downstream_reads_what_the_contracts_offer():
    """And writes nothing; its groups cannot be those of a stage."""
    may = granted()
    offered = {topic.name for topic in TOPICS if "downstream" in topic.read_by}
    assert may["downstream", "READ", "TOPIC"] == {*offered, "conformance-*"}
    assert may["downstream", "READ", "GROUP"] == {"downstream-*"}
    assert ("downstream", "WRITE", "TOPIC") not in may


def test_every_right_has_the_prefix():
    """Two pipelines on one cluster do not see each other."""
    assert all(rule.name.startswith("b-") for rule in rules("b-"))
    assert len(rules("b-")) == len(rules(""))


def test_every_user_is_known_and_the_admin_needs_no_rule():
    """Rules name users that get a password, and every role of topics.yml is somebody."""
    assert {rule.user for rule in rules("")} == set(user_names()) - {ADMIN}
    roles = {role for topic in TOPICS for role in (*topic.written_by, *topic.readers)}
    commands_of_the_admin = {"takedown"}
    assert roles - OUTSIDERS - set(user_names()) - {"discover", "fetch"} == commands_of_the_admin


def test_only_the_admin_takes_articles_down():
    """Whoever could write there could make articles vanish."""
    assert [rule for rule in rules("") if rule.right == "WRITE" and rule.name == "takedowns"] == []
    readers = {rule.user for rule in rules("") if rule.right == "READ" and rule.name == "takedowns"}
    assert readers == {"dedupe", "cluster", "index", "record", "watch", "downstream"}


def test_a_consulted_topic_is_no_backlog():
    """It is read without a group: counted as lag, it would never become less."""
    assert not any("takedowns" in topics for topics in stages_and_topics().values())


def test_the_fingerprint_follows_passwords_and_rights():
    """What has not changed is not written again; what has is."""
    users = dict.fromkeys(user_names(), "secret")
    first = fingerprint_access(users, "")
    assert RULES_VERSION
    assert fingerprint_access(dict(reversed(users.items())), "") == first
    assert fingerprint_access(users | {"parse": "new"}, "") != first
    assert fingerprint_access(users, "b-") != first
    assert "secret" not in first
