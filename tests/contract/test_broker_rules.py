"""The rules that the runner relies on, held against the broker in memory and against Kafka."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack

import pytest
from kafka import TopicPartition, errors
from kafka.admin import MemberToRemove
from kafka.structs import MemberState, OffsetAndMetadata

from newswire.kafka.clients import open_admin, open_consumer, open_producer
from newswire.kafka.rebalances import LostPartitions
from newswire.testing.broker import MemoryBroker
from newswire.testing.clock import FrozenClock

PATIENCE_SECONDS = 60
TOPIC = "rules"
PARTITIONS = 4
HOMES = {3: [1], 2: [2], 1: [3], 0: [4]}  # murmur2 of en, es, de, nl over four partitions


class _Memory:
    """The broker in memory, as the suite sees it."""

    def __init__(self):
        self.topic = TOPIC
        self.broker = MemoryBroker(FrozenClock(), {TOPIC: PARTITIONS})

    def producer(self):
        return self.broker.producer()

    def consumer(self, group):
        return self.broker.consumer(group)

    def evict(self, consumer):
        consumer.evict()


class _Kafka:
    """A real broker, as the suite sees it."""

    def __init__(self, settings, stack):
        self.topic = settings.topic_prefix + TOPIC
        self._settings, self._stack = settings, stack
        self._admin = open_admin(settings)
        self._admin.create_topics({self.topic: {"num_partitions": PARTITIONS}}, wait_for_metadata=True)
        stack.callback(self._admin.close)
        stack.callback(self._admin.delete_topics, [self.topic])

    def producer(self):
        producer = open_producer(self._settings)
        self._stack.callback(producer.close, 5)
        return producer

    def consumer(self, group):
        consumer = open_consumer(self._settings, group=f"{self.topic}-{group}")
        self._stack.callback(consumer.close, autocommit=False, timeout_ms=2_000)
        return consumer

    def evict(self, consumer):
        known = consumer.group_metadata()
        self._admin.remove_group_members(known.group_id, [MemberToRemove(member_id=known.member_id)])


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.servers)])
def backend(request):
    if request.param == "memory":
        yield _Memory()
        return
    with ExitStack() as stack:
        yield _Kafka(request.getfixturevalue("servers"), stack)


def write(backend, *numbers, partition=None, key=None):
    """Send a record for each number and see it acknowledged."""
    producer = backend.producer()
    sent = [
        producer.send(
            backend.topic,
            value=str(number).encode(),
            key=key or str(number).encode(),
            headers=[("n", str(number).encode())],
            partition=partition,
        )
        for number in numbers
    ]
    producer.flush(10)
    for future in sent:
        future.get(0)


def member(backend, group="g"):
    """Return a consumer that has subscribed, with its listener."""
    consumer, losses = backend.consumer(group), LostPartitions()
    consumer.subscribe([backend.topic], listener=losses)
    return consumer, losses


def drive(consumers, is_over):
    """Poll until a condition holds; return the values that came, by partition, in order."""
    came = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_over(came):
        assert time.monotonic() < deadline, f"still waiting; came {came}"
        for consumer in consumers:
            for partition, records in consumer.poll(100).items():
                came.setdefault(partition, []).extend(int(record.value) for record in records)
    return came


def numbers(came):
    return sorted(number for values in came.values() for number in values)


def have(*wanted):
    return lambda came: numbers(came) == sorted(wanted)


def at(partition, offset):
    return {partition: OffsetAndMetadata(offset, "", -1)}


def test_a_key_has_one_partition_and_keeps_its_order(backend):
    """Records of a key arrive in the order they were sent in, from one partition."""
    write(backend, *range(20), key=b"same")
    consumer, _ = member(backend)
    came = drive([consumer], have(*range(20)))
    assert list(came.values()) == [list(range(20))]


def test_keys_go_where_java_clients_put_them(backend):
    """Both hash a key as Kafka's own clients do, so that writers in other languages agree with us."""
    for number, key in enumerate((b"en", b"es", b"de", b"nl"), start=1):
        write(backend, number, key=key)
    consumer, _ = member(backend)
    came = drive([consumer], have(1, 2, 3, 4))
    assert {partition.partition: values for partition, values in came.items()} == HOMES


def test_a_record_keeps_key_value_headers_and_partition(backend):
    """What is sent is what is read; a tombstone has no value."""
    producer = backend.producer()
    producer.send(backend.topic, value=None, key=b"k", headers=[("a", b"1"), ("b", b"")], partition=2)
    producer.flush(10)
    consumer, _ = member(backend)
    polled = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not polled and time.monotonic() < deadline:
        polled = consumer.poll(100)
    ((partition, (record,)),) = polled.items()
    assert (partition.partition, record.offset, record.key, record.value) == (2, 0, b"k", None)
    assert list(record.headers) == [("a", b"1"), ("b", b"")]


def test_a_new_group_begins_at_the_beginning_and_its_successor_where_it_committed(backend):
    """Nothing is committed at first; the next member reads on from what was."""
    write(backend, *range(6), partition=1)
    partition = TopicPartition(backend.topic, 1)
    first, _ = member(backend)
    drive([first], have(*range(6)))
    assert first.committed(partition, timeout_ms=5_000) is None
    first.commit(at(partition, 4), timeout_ms=5_000)
    assert first.committed(partition, timeout_ms=5_000) == 4
    first.close(autocommit=False, timeout_ms=2_000)
    second, _ = member(backend)
    assert drive([second], have(4, 5)) == {partition: [4, 5]}


def test_seeking_back_brings_the_records_again(backend):
    """The position is ours to set."""
    write(backend, *range(5), partition=0)
    consumer, _ = member(backend)
    drive([consumer], have(*range(5)))
    consumer.seek(TopicPartition(backend.topic, 0), 3)
    assert numbers(drive([consumer], have(3, 4))) == [3, 4]
    consumer.seek_to_beginning(TopicPartition(backend.topic, 0))
    drive([consumer], have(*range(5)))


def test_what_is_not_owned_cannot_be_moved(backend):
    """Seek, pause and resume refuse a foreign partition with the errors that the runner expects."""
    consumer, _ = member(backend)
    drive([consumer], lambda _came: len(consumer.assignment()) == PARTITIONS)
    foreign = TopicPartition(backend.topic, 99)
    with pytest.raises(ValueError, match=r"(?i)unassigned"):
        consumer.seek(foreign, 0)
    with pytest.raises(KeyError):
        consumer.pause(foreign)
    with pytest.raises(KeyError):
        consumer.resume(foreign)
    with pytest.raises(errors.IllegalStateError):
        consumer.highwater(foreign)


def test_a_paused_partition_waits_and_goes_on_where_it_was(backend):
    """Pausing loses nothing and repeats nothing; the other partitions flow."""
    write(backend, 1, partition=0)
    consumer, _ = member(backend)
    drive([consumer], have(1))
    consumer.pause(TopicPartition(backend.topic, 0))
    assert consumer.paused() == {TopicPartition(backend.topic, 0)}
    write(backend, 2, partition=0)
    write(backend, 3, partition=1)
    assert numbers(drive([consumer], have(3))) == [3]
    consumer.resume(TopicPartition(backend.topic, 0))
    drive([consumer], have(2))


def test_a_second_member_takes_its_share_and_the_first_keeps_its_positions(backend):
    """Only moved partitions are lost; those kept do not go back to the committed offset: the runner's trap."""
    for partition in range(PARTITIONS):
        write(backend, partition, partition=partition)
    first, losses = member(backend)
    drive([first], have(*range(PARTITIONS)))
    second, _ = member(backend)
    came = drive([first, second], lambda _came: len(first.assignment()) == len(second.assignment()) == 2)
    more = drive([first, second], lambda new: len(numbers(came)) + len(numbers(new)) >= 2)
    lost = losses.take()
    assert lost == second.assignment()
    assert not first.assignment() & second.assignment()
    assert {*came, *more} == lost
    assert losses.take() == set()


def test_who_leaves_frees_its_partitions(backend):
    """After a close the other member owns all and reads on from what was committed."""
    first, _ = member(backend)
    second, _ = member(backend)
    drive([first, second], lambda _came: len(first.assignment()) == len(second.assignment()) == 2)
    second.close(autocommit=False, timeout_ms=2_000)
    drive([first], lambda _came: len(first.assignment()) == PARTITIONS)


def test_who_is_thrown_out_cannot_commit_and_comes_back_to_what_is_committed(backend):
    """An evicted member hears of its losses with a poll, rejoins, and begins where the group stands."""
    write(backend, 1, 2, partition=0)
    partition = TopicPartition(backend.topic, 0)
    consumer, losses = member(backend)
    drive([consumer], have(1, 2))
    consumer.commit(at(partition, 1), timeout_ms=5_000)
    backend.evict(consumer)
    with pytest.raises((errors.CommitFailedError, errors.UnknownMemberIdError)):
        consumer.commit(at(partition, 2), timeout_ms=5_000)
    assert drive([consumer], have(2)) == {partition: [2]}
    assert partition in losses.take()
    assert consumer.committed(partition, timeout_ms=5_000) == 1


def test_the_highwater_is_the_end_of_the_log(backend):
    """Lag can be told after the first records."""
    write(backend, *range(7), partition=3)
    consumer, _ = member(backend)
    drive([consumer], have(*range(7)))
    assert consumer.highwater(TopicPartition(backend.topic, 3)) == 7


def test_an_unknown_topic_takes_nothing(backend, monkeypatch):
    """A topic is never made by writing to it."""
    monkeypatch.setattr("newswire.kafka.clients.CONNECT_SECONDS", 1)
    producer = backend.producer()
    name = f"unknown-{secrets.token_hex(4)}"
    with pytest.raises(errors.KafkaError):
        producer.send(name, value=b"x", key=b"x", headers=[], partition=None).get(5)


@pytest.mark.servers
def test_a_join_that_outlasts_a_poll_is_finished(servers, monkeypatch):
    """Without our mend kafka-python drops a join begun by news of a topic, and owns nothing from then on."""
    monkeypatch.setattr("newswire.kafka.clients.METADATA_SECONDS", 0.2)
    topic = f"{servers.topic_prefix}late"
    admin = open_admin(servers)
    consumer = open_consumer(servers, group=topic)
    consumer.subscribe([topic], listener=LostPartitions())
    drive([consumer], lambda _came: consumer.group_metadata().state == MemberState.STABLE)
    admin.create_topics({topic: {"num_partitions": PARTITIONS}}, wait_for_metadata=True)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(consumer.assignment()) < PARTITIONS and time.monotonic() < deadline:
        consumer.poll(1)
    assert len(consumer.assignment()) == PARTITIONS
    consumer.close(autocommit=False, timeout_ms=2_000)
    admin.delete_topics([topic])
    admin.close()
