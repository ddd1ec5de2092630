"""Kafka's clients with the settings that this pipeline needs."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, errors
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.record import util

from newswire.errors import ConfigError, Retry
from newswire.kafka.login import check_login
from newswire.kafka.protocols import Consumer, Producer
from newswire.kafka.rebalances import finish_joins
from newswire.settings import Settings

CONNECT_SECONDS = 5
METADATA_SECONDS = 10  # how long a topic made after the start goes unseen
DEFAULT_RECORD_BYTES = 1_000_000  # the broker's limit of 1 MiB, less what a batch adds
DEAD_LETTER_RECORD_BYTES = 2 << 20  # a record of any topic fits, with its dlq.* headers

# What no waiting mends; every other error of the client is an outage.
_FATAL = (
    errors.AuthorizationError,
    errors.IllegalArgumentError,
    errors.IllegalStateError,
    errors.InvalidTopicError,
    errors.KafkaConfigurationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedVersionError,
)


@contextmanager
def outages_as_retry(what: str) -> Iterator[None]:
    """Turn the client's transient errors into Retry, and a refused login or right into ConfigError."""
    try:
        yield
    except (errors.SaslAuthenticationFailedError, errors.AuthorizationError) as error:
        raise ConfigError(
            f"Kafka: {what}: {error}. Check NEWSWIRE_KAFKA_SASL_USERNAME and _PASSWORD, and what the user may do "
            "(docs/runbook.md, Users of Kafka)"
        ) from error
    except _FATAL:
        raise
    except errors.KafkaError as error:
        raise Retry(f"Kafka: {what}: {error}") from error


def open_consumer(settings: Settings, *, group: str | None, client: str = "newswire") -> Consumer:
    """Return a consumer; without a group it reads what it assigns itself. Raises Retry while no broker answers."""
    with outages_as_retry(f"no broker at {settings.kafka_bootstrap}"):
        consumer: Consumer = KafkaConsumer(
            **connection_options(settings, client),
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            partition_assignment_strategy=[CooperativeStickyAssignor()],
            heartbeat_interval_ms=1_000,  # a moved partition waits for the next heartbeat
            session_timeout_ms=10_000,  # how long a killed member keeps its partitions
            max_poll_records=settings.batch_records,
            fetch_max_bytes=16 << 20,
            metadata_max_age_ms=METADATA_SECONDS * 1_000,
        )
        finish_joins(consumer)
        return consumer


def open_producer(settings: Settings, *, compression: str | None = "zstd", client: str = "newswire") -> Producer:
    """Return an idempotent producer. Raises Retry while no broker answers."""
    with outages_as_retry(f"no broker at {settings.kafka_bootstrap}"):
        producer: Producer = KafkaProducer(
            **connection_options(settings, client),
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            compression_type=compression,
            linger_ms=20,
            batch_size=256 << 10,
            max_block_ms=CONNECT_SECONDS * 1_000,
            max_request_size=DEAD_LETTER_RECORD_BYTES,  # the publisher holds each topic to its own limit
        )
        return producer


def open_admin(settings: Settings) -> Any:
    """Return an admin client. Raises Retry while no broker answers."""
    with outages_as_retry(f"no broker at {settings.kafka_bootstrap}"):
        return KafkaAdminClient(**connection_options(settings, "newswire-admin"))


def _knock(bootstrap: str, options: dict[str, Any]) -> None:
    """Raise Retry where nobody listens: a client that fails to connect leaves its thread behind, trying forever."""
    refusal: OSError | None = None
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as connection:
                check_login(connection, options)
                return
        except OSError as error:
            refusal = error
        except ValueError as error:
            raise ConfigError(f"NEWSWIRE_KAFKA_BOOTSTRAP is not a list of host:port: {address!r}") from error
    raise Retry(f"Kafka: no broker at {bootstrap}: {refusal}")


def connection_options(settings: Settings, client: str) -> dict[str, Any]:
    """Return what every client needs: address, name, login.

    Raises Retry where nobody listens, and ConfigError if the login is refused.
    """
    if util.crc32c_c is None:
        raise ConfigError("the package crc32c is missing: checksums in Python hold 50 pages a second. Install it")
    # It warns at every login that SCRAM without TLS can be overheard; SECURITY.md says so once.
    logging.getLogger("kafka.net.sasl").setLevel(logging.ERROR)
    password = settings.kafka_sasl_password
    options = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "client_id": client,
        "bootstrap_timeout_ms": CONNECT_SECONDS * 1_000,
        "reconnect_backoff_max_ms": 1_000,  # the default of 30 s makes a restarted broker look dead
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
        "ssl_cafile": str(settings.kafka_ssl_cafile) if settings.kafka_ssl_cafile else None,
    }
    _knock(settings.kafka_bootstrap, options)
    return options
