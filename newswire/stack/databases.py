"""Make the roles and databases of the embedded PostgreSQL: databases PORT SUPERUSER_FILE SECRETS MARKER."""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
from psycopg import sql

from newswire.stack.postgres import ROLES, SUPERUSER


def make_databases(port: int, superuser_file: Path, secrets: Path, marker: Path) -> None:
    """Give each role a database of its own name, and note it; what is there already stays."""
    password = superuser_file.read_text("utf-8")
    with psycopg.connect(
        host="127.0.0.1", port=port, user=SUPERUSER, password=password, dbname="postgres", autocommit=True
    ) as connection:
        present = {row[0] for row in connection.execute("select datname from pg_database")}
        for role in ROLES:
            if role not in present:
                _make(connection, role, (secrets / role).read_text("utf-8"))
    marker.write_text("\n".join(ROLES), "utf-8")


def _make(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    name = sql.Identifier(role)
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    # CREATEDB: a test makes itself a database of its own. "alter" mends a first run that was cut off.
    statement = sql.SQL("{} role {} login createdb password {}")
    connection.execute(statement.format(sql.SQL("alter" if exists else "create"), name, sql.Literal(password)))
    connection.execute(sql.SQL("create database {} owner {}").format(name, name))


if __name__ == "__main__":
    make_databases(int(sys.argv[1]), *map(Path, sys.argv[2:5]))
