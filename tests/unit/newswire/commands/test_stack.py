"""What `newswire up` shows of the running stack: addresses for all, a password only for a person at a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from newswire.commands import stack as stack_module
from newswire.commands.stack import show_addresses
from newswire.settings import Settings

SECRETS = {"airflow_password": "air-secret", "elasticsearch_password": "es-secret"}
DSN = "postgresql://newswire:db-secret@127.0.0.1:5433/newswire"


@pytest.fixture
def show(monkeypatch, tmp_path):
    """Return what is shown of a whole stack."""
    settings = Settings(
        _env_file=None, state_dir=tmp_path, postgres_dsn=DSN, elasticsearch_username="newswire", **SECRETS
    )
    monkeypatch.setattr(stack_module, "load_settings", lambda: settings)
    services = {name: {} for name in ("web", "airflow-api", "elasticsearch", "kafka", "postgres")}

    def show(*, terminal: bool) -> str:
        text = io.StringIO()
        console = Console(file=text, force_terminal=terminal, color_system=None, width=300)
        show_addresses(console, {"services": services, "ports": {"web": 8000}})
        return text.getvalue()

    return show


@pytest.mark.parametrize("terminal", [True, False])
def test_the_servers_passwords_are_never_shown(show, tmp_path, terminal):
    """Scrollback, CI logs and screenshots outlive the stack; the place of the password is enough."""
    shown = show(terminal=terminal)
    assert "db-secret" not in shown
    assert "es-secret" not in shown
    assert f"127.0.0.1:5433/newswire   login newswire, password in {tmp_path / 'stack.env'}" in shown


def test_airflows_login_is_shown_at_a_terminal_only(show, tmp_path):
    """A person types it into a browser; anything else is told where it is."""
    assert "login admin / air-secret" in show(terminal=True)
    kept = show(terminal=False)
    assert "air-secret" not in kept
    assert f"password in {tmp_path / 'stack.env'} (NEWSWIRE_AIRFLOW_PASSWORD)" in kept
