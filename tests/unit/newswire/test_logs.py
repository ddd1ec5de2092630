"""Logs: one way for all, and no secret in them."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from pydantic import SecretStr

from newswire.logs import configure_logs
from newswire.settings import Settings

SECRETS = {
    "postgres_dsn": SecretStr("postgresql://newswire:hunter2hunter2@db/newswire"),
    "elasticsearch_api_key": SecretStr("bXkta2V5LXZlcnktc2VjcmV0"),
    "airflow_password": SecretStr("short"),
}


@pytest.fixture
def written(request):
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs(Settings(_env_file=None, log_format=getattr(request, "param", "json"), **SECRETS), stream=stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_events_carry_their_keys(written):
    """An event is a name and keys, with time and level."""
    structlog.get_logger().info("stage.tested", offset=3)
    (line,) = lines(written)
    assert (line["event"], line["offset"], line["level"]) == ("stage.tested", 3, "info")
    assert line["timestamp"].endswith("Z")


def test_the_standard_library_goes_the_same_way(written):
    """Libraries' logs are events too."""
    logging.getLogger("somebody").warning("watch %s", "out")
    (line,) = lines(written)
    assert (line["event"], line["level"]) == ("watch out", "warning")


def test_kafkas_client_does_not_fill_the_log(written):
    """An outage is told once by the runner, not by every attempt to connect."""
    logging.getLogger("kafka.net").error("Connection failed")
    assert lines(written) == []


@pytest.mark.parametrize("written", ["json", "console"], indirect=True)
def test_no_secret_is_written(written):
    """Passwords vanish from URLs, secrets by value, and keys that sound like one, also in exceptions."""
    log = structlog.get_logger()
    log.info("a.connected", dsn=SECRETS["postgres_dsn"].get_secret_value(), url="http://me:letmein@host/x")
    log.info("a.asked", header="ApiKey bXkta2V5LXZlcnktc2VjcmV0", api_key="anything", token="t0k3n")
    log.info("a.held", held=SECRETS["airflow_password"])
    log.error("a.failed", exc_info=ValueError("cannot reach postgresql://newswire:hunter2hunter2@db/newswire"))
    logging.getLogger("lib").warning("trying http://u:letmein@host")
    text = written.getvalue()
    for secret in ("hunter2", "letmein", "bXkta2V5", "anything", "t0k3n", "short"):
        assert secret not in text
    assert "postgresql://newswire:***@db/newswire" in text


def test_levels_below_the_chosen_one_are_silent(written):
    """The default is info."""
    structlog.get_logger().debug("stage.whispered")
    assert lines(written) == []
