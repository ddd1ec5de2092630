"""The settings on which the stack and the commands beside it must agree, written as the environment would have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from newswire.settings import Settings

# By the beginnings of their names.
SHARED = ("kafka_", "elasticsearch_", "postgres_", "airflow_", "sources_", "dags_", "allow_", "topic_", "index_")


def shared_settings(given: Settings) -> dict[str, object]:
    """Return what the user gave that other commands must share."""
    return {name: getattr(given, name) for name in given.model_fields_set if name.startswith(SHARED)}


def write_settings(values: Mapping[str, object]) -> dict[str, str]:
    """Return the settings as text, without those that have no value."""
    return {name: _write(value) for name, value in values.items() if value is not None}


def write_environment(values: Mapping[str, object]) -> dict[str, str]:
    """Return the settings as variables for a process."""
    return {f"NEWSWIRE_{name.upper()}": text for name, text in write_settings(values).items()}


def _write(value: object) -> str:
    """Write a setting as the environment would have it; folders absolute, because a reader may be in another folder."""
    if isinstance(value, tuple):
        return ",".join(map(_write, value))
    if isinstance(value, Path):
        return str(value.resolve())
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
