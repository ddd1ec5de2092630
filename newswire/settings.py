"""Every setting, and the only place that reads the environment.

Order: environment (NEWSWIRE_*), then `<state_dir>/stack.env`, which the embedded servers write, then the defaults here.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_cache_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_STATE_DIR = Path(os.environ.get("NEWSWIRE_STATE_DIR", ".newswire")).resolve()
STACK_ENV = "stack.env"


class Settings(BaseSettings):
    """Frozen, and handed down; NEWSWIRE_<NAME> in the environment sets <name>."""

    model_config = SettingsConfigDict(env_prefix="NEWSWIRE_", frozen=True, extra="ignore", env_file_encoding="utf-8")

    # Where things are
    state_dir: Path = _STATE_DIR
    cache_dir: Path = user_cache_path("newswire")
    sources_dirs: Annotated[tuple[Path, ...], NoDecode] = (Path("sources"),)
    dags_dir: Path = Path("dags")

    # Kafka
    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None
    kafka_replication: int = 1
    topic_prefix: str = ""  # sets two pipelines on one cluster apart; tests use it

    # Elasticsearch
    elasticsearch_url: str = "http://127.0.0.1:9200"
    elasticsearch_api_key: SecretStr | None = None
    elasticsearch_username: str | None = None
    elasticsearch_password: SecretStr | None = None
    elasticsearch_ca_certs: Path | None = None
    index_prefix: str = "newswire"
    retention_months_articles: int = Field(default=0, ge=0, description="after their own; 0: forever")
    retention_months_fetches: int = Field(default=3, ge=0)
    retention_months_dead_letters: int = Field(default=3, ge=0)
    retention_months_alerts: int = Field(default=0, ge=0, description="marks: without its mark a replay alerts again")

    # PostgreSQL: the crawl state
    postgres_dsn: SecretStr = SecretStr("postgresql://newswire@127.0.0.1:5432/newswire")

    # Airflow's REST API, for the commands that start a run
    airflow_url: str = "http://127.0.0.1:8080"
    airflow_username: str = "admin"
    airflow_password: SecretStr = SecretStr("")
    airflow_database_url: SecretStr = SecretStr("")  # the embedded Airflow's; its migration job reads it

    # Crawl
    user_agent: str = "Newswire/0.1 (+https://github.com/newswire/newswire)"
    contact: str | None = None  # sent as the From header
    allow_private: Annotated[
        tuple[str, ...], NoDecode
    ] = ()  # networks such as 127.0.0.0/8 that demos and tests may reach
    fetch_timeout_seconds: float = 20.0
    fetch_concurrency: int = 16
    max_body_bytes: int = 10_000_000
    max_inline_bytes: int = 900_000  # of the encoded value; larger bodies go to the blob store
    max_redirects: int = 5
    max_feed_items: int = 2_000
    host_delay_seconds: float = 1.0  # between two requests to a host that names no pace
    robots_ttl_seconds: float = 43_200.0
    feed_unconditional_every: int = 10  # polls; some servers answer 304 though there is news
    revisit_after_seconds: Annotated[tuple[float, ...], NoDecode] = (3_600, 21_600, 86_400)  # of the first fetch
    revisit_min_seconds: float = 600.0  # between two fetches of a page, even when its list says it changed again

    # Parse
    parse_workers: int = Field(default=1, ge=1, description="processes; each reads 100 pages a second and more")
    parse_seconds: float = 10.0  # of CPU for one page; then its worker is ended, and the page tried once more alone
    parse_wall_seconds: float = 300.0  # the same by the clock, against a worker that sleeps

    # Runner
    batch_records: int = 200
    hold_max_seconds: float = 30.0
    max_consecutive_poison: int = 100
    producer_pending_bytes: int = 64 << 20
    snapshot_every_seconds: float = 60.0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0  # 0: a free one, written to <state_dir>/metrics/<stage>-<pid>

    # The pages: search, articles, sources, pipeline
    web_host: str = "127.0.0.1"  # they have no login of their own; Airflow shows them behind its own
    web_port: int = 0  # 0: a free one; `newswire up` chooses one and keeps it
    web_names: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "localhost")  # under which they answer
    overdue_after_seconds: float = 7_200.0  # an address on its way for longer is an alarm

    # Logs
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # The embedded servers
    kafka_brokers: int = Field(default=1, ge=1, le=9, description="3: one may be lost. Fixed by the first start")
    stage_processes: int = Field(default=1, ge=1, description="of each stage, at least")
    java_heap_kafka: str = "256m"
    java_heap_elasticsearch: str = "512m"
    durable: bool = Field(default=True, description="False: PostgreSQL without fsync, for tests")

    @field_validator("sources_dirs", "allow_private", "revisit_after_seconds", "web_names", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Lists are written with commas in the environment."""
        return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value


def load_settings(*, embedded: bool = True) -> Settings:
    """Read all settings; `embedded=False` leaves out what the embedded servers wrote."""
    return Settings(_env_file=_STATE_DIR / STACK_ENV if embedded else None)


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return load_settings()


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment for a process of ours: this one's, with changes.

    AIRFLOW* of a developer's own Airflow would leak in, and PYTHONDONTWRITEBYTECODE triples Airflow's start.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW") and k != "PYTHONDONTWRITEBYTECODE"}
    return kept | changes
