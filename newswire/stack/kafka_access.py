"""The logins of the embedded Kafka: passwords that the stack makes, and the job that brings them to the broker."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from newswire.errors import ConfigError
from newswire.kafka.access import ADMIN, MECHANISM, fingerprint_access, user_names
from newswire.settings import Settings, child_environment
from newswire.stack.private_files import ensure_private_folder, keep_passwords
from newswire.stack.service import Service
from newswire.stack.shared_settings import write_environment

LOGIN = ("kafka_security_protocol", "kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")


def users_file(home: Path) -> Path:
    """Return where the passwords of the broker's users are."""
    return home / "users.json"


def keep_users(home: Path) -> dict[str, str]:
    """Return user -> password of the broker of this folder; they are made at the first call."""
    return keep_passwords(users_file(ensure_private_folder(home)), user_names())


def kafka_login(home: Path, user: str = ADMIN, mechanism: str = MECHANISM) -> dict[str, object]:
    """Return the settings that log a user in to the broker of this folder."""
    return {
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_sasl_mechanism": mechanism,
        "kafka_sasl_username": user,
        "kafka_sasl_password": SecretStr(keep_users(home)[user]),
    }


def refuse_foreign_login(given: Settings) -> None:
    """Raise ConfigError where the user's own login would be sent to the embedded broker."""
    if foreign := [f"NEWSWIRE_{name.upper()}" for name in LOGIN if name in given.model_fields_set]:
        raise ConfigError(
            f"{' and '.join(foreign)} would be used for the embedded Kafka, which has logins of its own. "
            "Name your server with NEWSWIRE_KAFKA_BOOTSTRAP too, or unset what you do not need."
        )


def access_job(
    home: Path, prefix: str, environment: Mapping[str, str], brokers: tuple[str, ...] = ("kafka",)
) -> tuple[Service, ...]:
    """Return the job that brings users and rights to the brokers; none if they have them from an earlier start.

    Its note is among the broker's data, so that it goes with them.
    """
    note = home / "data" / "newswire-access"
    if note.exists() and note.read_text("utf-8") == fingerprint_access(keep_users(home), prefix):
        return ()
    login = write_environment(kafka_login(home, ADMIN, "PLAIN"))  # the one login that needs no users in the log
    job = Service(
        "kafka-access",
        (sys.executable, "-m", "newswire.kafka.access", str(users_file(home)), "--note", str(note)),
        needs=brokers,
        job=True,
        environment=child_environment(**{**environment, **login}),
    )
    return (job,)
