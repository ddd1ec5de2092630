"""Write what docker-compose.yml needs and nobody may know: `.env` and `.secrets/`, once, readable by you alone.

    python3 deploy/make_env.py

Needs only Python. Values that are there already are kept, so a second run changes nothing.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORDS = (
    "POSTGRES_PASSWORD",
    "AIRFLOW_DB_PASSWORD",
    "CRAWL_DB_PASSWORD",
    "ELASTIC_PASSWORD",
    "KIBANA_PASSWORD",
    "INDEX_PASSWORD",
    "AIRFLOW_API_SECRET",
    "AIRFLOW_JWT_SECRET",
    "KIBANA_ENCRYPTION_KEY",
)
# Of Kafka; the password of `downstream` is for programs of yours and in no container.
USERS = ("admin", "parse", "dedupe", "cluster", "index", "watch", "ledger", "record", "crawl", "web")


def values() -> dict[str, str]:
    """Return a fresh value for every variable."""
    fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    names = (*PASSWORDS, *map(variable_of, USERS))
    return {name: secrets.token_hex(24) for name in names} | {"AIRFLOW_FERNET_KEY": fernet}


def variable_of(user: str) -> str:
    """Return the variable that holds the password of a user of Kafka."""
    return f"KAFKA_{user.upper()}_PASSWORD"


def write_private(path: Path, text: str, mode: int) -> None:
    """Write a file that never stands open to others, not even for a moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)


def main() -> None:
    """Fill in what is missing."""
    env, folder = ROOT / ".env", ROOT / ".secrets"
    rows = env.read_text("utf-8").splitlines() if env.exists() else []
    have = dict(row.split("=", 1) for row in rows if "=" in row and not row.startswith("#"))
    all_values = values() | have
    write_private(env, "".join(f"{name}={value}\n" for name, value in all_values.items()), 0o600)
    folder.mkdir(mode=0o700, exist_ok=True)
    write_logins(folder / "airflow-passwords.json", {"admin": secrets.token_urlsafe(18)}, {})
    users = {user: all_values[variable_of(user)] for user in USERS}
    write_logins(folder / "kafka-users.json", {"downstream": secrets.token_hex(24)}, users)
    sys.stdout.write("wrote .env and the logins in .secrets/; next: docker compose up -d --build --wait\n")


def write_logins(path: Path, fresh: dict[str, str], known: dict[str, str]) -> None:
    """Write user -> password: those that are known, those that the file has already, and fresh ones for the rest."""
    kept: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    # The container reads it under another uid; the folder around it keeps everybody else out.
    write_private(path, json.dumps(fresh | kept | known), 0o644)
    path.chmod(0o644)


if __name__ == "__main__":
    main()
