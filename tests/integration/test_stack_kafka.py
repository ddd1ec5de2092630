"""Logins and rights at the embedded Kafka, and a broker of an earlier release that had neither."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from kafka import KafkaAdminClient, TopicPartition, errors
from pydantic import SecretStr

from consumers.pipeline import PIPELINE, STAGES
from newswire.errors import ConfigError, NewswireError
from newswire.kafka.access import apply_access
from newswire.kafka.clients import open_admin, open_consumer, open_producer, outages_as_retry
from newswire.kafka.lag import read_groups, stages_and_topics
from newswire.kafka.topic_admin import all_topics, apply_topics
from newswire.settings import Settings
from newswire.stack.jars import fetch
from newswire.stack.kafka import Kafka
from newswire.stack.ports import spare_ports
from newswire.stack.report import read_report
from newswire.stack.session import start_servers

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def passwords(server_settings):
    return json.loads((server_settings.state_dir / "kafka" / "users.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def ours(server_settings, passwords):
    """Settings with topics and rights of their own; the other tests are the admin, whom no right concerns."""
    given = server_settings.model_copy(update={"topic_prefix": "rights-"})
    apply_topics(given)
    apply_access(given, passwords)
    yield given
    apply_access(server_settings, passwords)
    admin = open_admin(server_settings)
    admin.delete_topics([f"rights-{topic.name}" for topic in all_topics()])
    admin.close()


def log_in(settings, user, password):
    return settings.model_copy(update={"kafka_sasl_username": user, "kafka_sasl_password": SecretStr(password)})


def write(settings, topic):
    """Send one record; raises ConfigError where that is not allowed."""
    with outages_as_retry(f"sending to {topic}"):
        producer = open_producer(settings)
        try:
            producer.send(settings.topic_prefix + topic, b"{}", b"key").get(20)
        finally:
            producer.close(5)


def read(settings, topics, group):
    """Join a group and fetch from every partition that it gets."""
    with outages_as_retry("reading"):
        consumer = open_consumer(settings, group=settings.topic_prefix + group)
        try:
            consumer.subscribe([settings.topic_prefix + topic for topic in topics])
            deadline = time.monotonic() + 60
            while not consumer.assignment() and time.monotonic() < deadline:
                consumer.poll(200)
            consumer.poll(200)
            consumer.commit()
            return {partition.topic.removeprefix(settings.topic_prefix) for partition in consumer.assignment()}
        finally:
            consumer.close(autocommit=False, timeout_ms=2_000)


@pytest.mark.parametrize("stage", PIPELINE, ids=lambda stage: stage.name)
def test_a_stage_does_its_work_as_its_own_user(ours, passwords, stage):
    """All that the table of stages gives it, and no more: it writes no other topic and joins no other group."""
    own = log_in(ours, stage.name, passwords[stage.name])
    written = {topic.name for topic in getattr(stage, "writes", ())} | {f"{stage.name}-dlq"}
    for topic in written:
        write(own, topic)
    reads = stages_and_topics()[stage.name]
    assert read(own, reads, stage.name) == set(reads)
    foreign = next(topic.name for topic in all_topics() if topic.name not in written)
    with pytest.raises(ConfigError, match=f"sending to {foreign}.*NEWSWIRE_KAFKA_SASL_USERNAME"):
        write(own, foreign)
    other = next(name for name in STAGES if name != stage.name)
    with pytest.raises(ConfigError, match="Group"):
        read(own, reads, other)


def test_the_pages_see_lag_and_no_record(ours, passwords):
    """Web has a user that describes, and does not read."""
    web = log_in(ours, "web", passwords["web"])
    read(
        log_in(ours, "parse", passwords["parse"]), ["fetched-pages"], "parse"
    )  # Kafka makes its groups at the first use
    assert set(read_groups(web)) == set(STAGES)
    consumer = open_consumer(web, group=None)
    partition = TopicPartition("rights-parsed-articles", 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    with pytest.raises(errors.TopicAuthorizationFailedError):
        consumer.poll(10_000)
    consumer.close(autocommit=False)
    with pytest.raises(NewswireError, match="Authorization"):
        write(web, "parsed-articles")


@pytest.mark.parametrize(("user", "password"), [("parse", "wrong"), ("admin", "guess"), ("stranger", "any")])
def test_a_wrong_login_is_refused(server_settings, user, password):
    """At once, with the user and the settings in the message, and without a thread that goes on trying."""
    before = threading.active_count()
    with pytest.raises(ConfigError, match=rf"refuses the login of {user}.*NEWSWIRE_KAFKA_SASL_USERNAME"):
        open_admin(log_in(server_settings, user, password))
    assert threading.active_count() == before


@pytest.mark.parametrize("port", ["kafka", "kafka_controller"])
@pytest.mark.parametrize("login", [{}, {"sasl_mechanism": "PLAIN", "user": "parse"}], ids=["none", "plain"])
def test_no_port_lets_anybody_in_without_scram(server_settings, passwords, port, login):
    """Neither the broker's nor its controller's; a stage has no PLAIN login at either."""
    number = read_report(server_settings.state_dir)["ports"][port]
    options = {"security_protocol": "PLAINTEXT"}
    if login:
        options = {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "parse",
            "sasl_plain_password": passwords["parse"],
        }
    with pytest.raises(errors.KafkaError):
        KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{number}", bootstrap_timeout_ms=4_000, **options).list_topics()


def test_a_changed_password_is_brought_to_the_broker(server_settings, ours, passwords):
    """The next start brings the new one; the old one is worth nothing from then on."""
    own = log_in(ours, "watch", passwords["watch"])
    write(own, "alerts")
    try:
        apply_access(ours, passwords | {"watch": "another"})
        with pytest.raises(ConfigError, match="refuses the login of watch"):
            write(own, "alerts")
        write(log_in(ours, "watch", "another"), "alerts")
    finally:
        apply_access(ours, passwords)


class OpenKafka(Kafka):
    """A broker as earlier releases ran it: no login, no rights."""

    def _network(self):
        before = super()._network()
        del before["inter.broker.listener.name"]
        return {name: str(value).replace("SASL_", "").replace("CLIENTS", "PLAINTEXT") for name, value in before.items()}

    def _access(self):
        return {}


@contextmanager
def running_open_broker(home, settings):
    """Run it, and return settings that lead to it."""
    port, controller = spare_ports(2)
    broker = OpenKafka(home, tuple(fetch("kafka", settings.cache_dir / "jars")), port, controller)
    broker.write_properties()
    *jobs, service = broker.services()
    for job in jobs:
        subprocess.run(job.command, env=dict(job.environment), check=True, capture_output=True)
    process = subprocess.Popen(service.command, env=dict(service.environment), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not asyncio.run(service.ready()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield Settings(_env_file=None, kafka_bootstrap=f"127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(60)


def test_the_broker_of_an_earlier_release_gets_logins_and_keeps_its_records(server_settings, tmp_path):
    """Its storage was formatted without users; nothing is formatted again."""
    with running_open_broker(tmp_path / "kafka", server_settings) as before:
        apply_topics(before)
        write(before, "parsed-articles")
        cluster = (tmp_path / "kafka" / "data" / "meta.properties").read_text("utf-8")

    with start_servers(tmp_path, ("kafka",)) as after:
        assert after.kafka_sasl_username == "admin"
        consumer = open_consumer(after, group=None)
        partitions = [TopicPartition("parsed-articles", number) for number in range(4)]
        assert sum(consumer.end_offsets(partitions).values()) == 1
        consumer.close(autocommit=False)
        secrets = json.loads((tmp_path / "kafka" / "users.json").read_text("utf-8"))
        write(log_in(after, "parse", secrets["parse"]), "parsed-articles")
        assert (tmp_path / "kafka" / "data" / "meta.properties").read_text("utf-8") == cluster
