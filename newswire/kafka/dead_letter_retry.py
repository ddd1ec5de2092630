"""Sends dead letters back to the topic that they came from, and remembers which were sent; `newswire dlq` calls it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import structlog

from newswire.errors import ConfigError
from newswire.kafka.dead_letters import DeadLetter, own_headers, read_dead_letter, retried_headers, retried_offset
from newswire.kafka.publisher import Publisher, open_publisher
from newswire.kafka.reader import read_topic
from newswire.settings import Settings
from schemas.topics import TOPICS, dead_letters_of

FLUSH_EVERY = 500

log = structlog.get_logger()


def open_dead_letters(settings: Settings, stage: str) -> Iterator[DeadLetter]:
    """Yield a stage's dead letters that were not sent again, oldest first; reads the topic twice, keeps nothing."""
    name = dead_letters_of(stage).name
    done = {offset for raw in read_topic(settings, name) if (offset := retried_offset(raw)) is not None}
    letters = (read_dead_letter(raw) for raw in read_topic(settings, name))
    return (letter for letter in letters if letter and letter.offset not in done)


def retry_dead_letters(settings: Settings, stage: str, *, reason: str | None = None, limit: int | None = None) -> int:
    """Send dead letters to the topic they came from, as they were; return how many.

    Without a reason, what the stage rejects as a matter of course (a page that is not an article) stays. So does a
    letter that holds only the beginning of a record: no topic takes one of that size.
    """
    wanted = (
        letter
        for letter in open_dead_letters(settings, stage)
        if letter.reason == reason or (not reason and not letter.is_expected)
    )
    sent: list[DeadLetter] = []
    count = 0
    with open_publisher(settings, f"dlq-{stage}") as publisher:
        for letter in wanted:
            if count == limit:
                break
            if _send_back(publisher, letter):
                sent.append(letter)
                count += 1
            if len(sent) == FLUSH_EVERY:
                _note(publisher, stage, sent)
        _note(publisher, stage, sent)
    return count


def _send_back(publisher: Publisher, letter: DeadLetter) -> bool:
    topic = next((topic for topic in TOPICS if topic.name == letter.origin), None)
    if topic is None:
        raise ConfigError(
            f"dead letter {letter.offset} came from {letter.origin}, which is not a topic of this release"
        )
    if letter.value_sha256:
        where = f"{letter.origin} {letter.partition}:{letter.origin_offset}"
        log.warning("dlq.record_too_large_to_send", offset=letter.offset, origin=where)
        return False
    publisher.send_raw(topic, letter.raw.key, letter.raw.value, own_headers(letter.raw.headers), letter.partition)
    return True


def _note(publisher: Publisher, stage: str, sent: list[DeadLetter]) -> None:
    """Note what was sent, only once Kafka has it: a dead letter may be sent twice, and is never lost."""
    publisher.flush()
    for letter in sent:
        headers = retried_headers(stage, letter, datetime.now(UTC))
        publisher.send_raw(dead_letters_of(stage), letter.raw.key or b"", None, headers)
    publisher.flush()
    sent.clear()
