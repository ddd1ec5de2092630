"""How Kafka's clients are opened."""

from __future__ import annotations

import threading

import pytest

from newswire.errors import ConfigError, Retry
from newswire.kafka import clients as kafka
from newswire.settings import Settings


def settings(**changes):
    return Settings(_env_file=None, **changes)


@pytest.mark.parametrize("opened", [kafka.open_producer, kafka.open_admin, lambda s: kafka.open_consumer(s, group="g")])
def test_a_broker_that_is_away_is_an_outage_and_leaves_no_thread(opened):
    """Trying again and again for a day must not fill the process."""
    before = threading.active_count()
    with pytest.raises(Retry, match=r"no broker at 127\.0\.0\.1:1"):
        opened(settings(kafka_bootstrap="127.0.0.1:1"))
    assert threading.active_count() == before


def test_a_bootstrap_that_is_no_address_is_a_wrong_setting():
    """Waiting would not help."""
    with pytest.raises(ConfigError, match="NEWSWIRE_KAFKA_BOOTSTRAP"):
        kafka.open_admin(settings(kafka_bootstrap="somewhere"))


def test_checksums_in_python_are_refused(monkeypatch):
    """Without the C module a stage would crawl, and nobody would know why."""
    monkeypatch.setattr("kafka.record.util.crc32c_c", None)
    with pytest.raises(ConfigError, match="crc32c"):
        kafka.open_admin(settings())


def test_an_outage_is_told_from_what_no_waiting_mends():
    """Only errors that may pass become Retry."""
    with pytest.raises(Retry, match="polling"), kafka.outages_as_retry("polling"):
        raise kafka.errors.KafkaTimeoutError
    with pytest.raises(kafka.errors.UnsupportedVersionError), kafka.outages_as_retry("polling"):
        raise kafka.errors.UnsupportedVersionError


@pytest.mark.parametrize(
    "error", [kafka.errors.TopicAuthorizationFailedError, kafka.errors.SaslAuthenticationFailedError]
)
def test_a_refused_login_or_right_is_a_wrong_setting(error):
    """Waiting does not help, and the message names the settings."""
    with pytest.raises(ConfigError, match=r"polling.*NEWSWIRE_KAFKA_SASL_USERNAME"), kafka.outages_as_retry("polling"):
        raise error
