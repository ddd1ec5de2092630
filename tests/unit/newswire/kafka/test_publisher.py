"""The publisher on the in-memory broker: nothing counts as sent before it is acknowledged."""

from __future__ import annotations

import threading

import pytest

from newswire.errors import Retry
from newswire.kafka.publisher import Publisher, RecordTooLargeError
from newswire.stage import Out
from newswire.testing.broker import MemoryBroker
from newswire.testing.clock import FrozenClock
from schemas.messages import Message
from schemas.topics import Topic, dead_letters_of


class Note(Message, frozen=True, kw_only=True):
    """A message."""

    language: str
    n: int


LANGUAGES = {"en": 0, "de": 1, "other": 2}
PLAIN = Topic("plain", Note, "", 3, "language", ("n",), 3, (), ())
BY_LANGUAGE = Topic("spoken", Note, "", 1, "language", ("n",), 3, (), (), by_language=True, languages=LANGUAGES)


@pytest.fixture
def broker():
    return MemoryBroker(FrozenClock(), {"pre-plain": 3, "pre-spoken": 3, "pre-parse-dlq": 1})


@pytest.fixture
def publisher(broker):
    return Publisher(broker.producer, source="test", topic_prefix="pre-", pending_bytes=1000)


def note(n=1, language="en"):
    return Note(language=language, n=n)


def test_a_message_carries_the_envelope_and_its_own_headers(broker, publisher):
    """Type, source and deterministic id are in the headers, next to what the writer adds."""
    publisher.send(Out(PLAIN, note(), headers={"first_seen_at": "then"}), traceparent="00-a-b-01")
    publisher.flush()
    (record,) = broker.records("pre-plain")
    headers = dict(record.headers)
    assert (record.key, PLAIN.decode(record.value)) == (b"en", note())
    assert headers["ce_type"] == b"newswire.Note.v3"
    assert headers["ce_source"] == b"newswire/test"
    assert headers["ce_id"].decode() == PLAIN.id_of(note())
    assert (headers["first_seen_at"], headers["traceparent"]) == (b"then", b"00-a-b-01")


def test_languages_go_where_the_table_says(broker, publisher):
    """The partition of a topic by language is not left to a hash."""
    for language in ("en", "de", "xx"):
        publisher.send(Out(BY_LANGUAGE, note(language=language)))
    publisher.flush()
    assert [(record.partition, record.key) for record in broker.records("pre-spoken")] == [
        (0, b"en"),
        (1, b"de"),
        (2, b"xx"),
    ]


def test_a_tombstone_has_a_key_and_no_value(broker, publisher):
    """It says by itself whose end it is."""
    publisher.send(Out(PLAIN, None, key=b"gone", headers={"first_seen_at": "then"}))
    publisher.flush()
    (record,) = broker.records("pre-plain")
    assert (record.key, record.value) == (b"gone", None)
    assert "ce_id" not in dict(record.headers)


def test_a_refused_record_is_not_passed_over(broker, publisher):
    """One failure among many makes flush raise, and all are to be sent again."""
    broker.refused_sends = 1
    for n in range(3):
        publisher.send(Out(PLAIN, note(n)))
    with pytest.raises(Retry, match="did not take"):
        publisher.flush()
    assert publisher.pending == 0


def test_late_records_stay_pending_and_can_be_waited_for_again(broker, publisher):
    """An outage makes flush raise after its time; the records are not lost and arrive once."""
    publisher.send(Out(PLAIN, note()))
    broker.is_up = False
    with pytest.raises(Retry, match="1 records within 2 s"):
        publisher.flush(2)
    assert publisher.pending == 1
    broker.is_up = True
    publisher.flush()
    assert len(broker.records("pre-plain")) == 1
    assert publisher.pending == publisher.pending_bytes == 0


def test_memory_is_bounded(broker, publisher, monkeypatch):
    """What does not fit into the bytes in flight waits for room, and gives up in the end."""
    monkeypatch.setattr("newswire.kafka.publisher.ACK_SECONDS", 0.05)

    def send_many():
        for n in range(100):
            publisher.send(Out(PLAIN, note(n)))

    with pytest.raises(Retry, match="bytes are waiting"):
        send_many()
    assert 700 < publisher.pending_bytes <= 1000


def test_room_comes_with_acknowledgements(broker, publisher):
    """A waiting writer goes on as soon as the broker has taken something."""
    publisher.send_raw(PLAIN, b"k", b"x" * 900, [])
    threading.Timer(0.05, broker.deliver_late).start()
    publisher.send_raw(PLAIN, b"k", b"x" * 900, [])
    publisher.flush()
    assert len(broker.records("pre-plain")) == 2


def test_a_record_larger_than_all_room_goes_alone(broker, publisher):
    """The bound never makes a record impossible."""
    publisher.send_raw(PLAIN, b"k", b"x" * 5000, [])
    publisher.flush()
    assert len(broker.records("pre-plain")) == 1


def test_a_record_that_its_topic_cannot_take_is_told_apart(publisher):
    """Waiting does not make it smaller."""
    with pytest.raises(RecordTooLargeError, match="does not fit plain"):
        publisher.send_raw(PLAIN, b"k", b"x" * 1_000_001, [])


def test_any_record_fits_the_dead_letters(broker, publisher):
    """A record at the limit of its topic still fits when dlq.* headers are added."""
    publisher.send_raw(dead_letters_of("parse"), b"k", b"x" * 1_000_000, [("dlq.error", b"y" * 2000)])
    publisher.flush()
    assert len(broker.records("pre-parse-dlq")) == 1


def test_a_topic_that_does_not_exist_is_an_outage(publisher):
    """Somebody may be about to make it."""
    with pytest.raises(Retry, match="sending to unknown"):
        publisher.send_raw(Topic("unknown", Note, "", 1, "n", ("n",), 1, (), ()), b"k", b"v", [])
