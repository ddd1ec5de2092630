"""Airflow for the tests of the DAGs: a home of its own, SQLite, and everything put back afterwards."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from newswire.settings import settings

DAGS = Path(__file__).parents[2] / "dags"
AIRFLOW_WARNINGS = (  # of Airflow about itself and its libraries; ours stay errors
    "ignore::DeprecationWarning",
    "ignore::PendingDeprecationWarning",
    "ignore::ResourceWarning",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in AIRFLOW_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def airflow(tmp_path_factory):
    """Airflow with an empty SQLite database; set up before its first import, as it reads its settings then."""
    home = tmp_path_factory.mktemp("airflow")
    before = dict(os.environ)
    loggers = logging.root.handlers[:], logging.root.level
    structure, path = structlog.get_config(), sys.path[:]
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.utils import db

        db.initdb()
        yield SimpleNamespace(home=home)
    os.environ.clear()
    os.environ.update(before)
    logging.root.handlers[:], logging.root.level = loggers
    structlog.configure(**structure)
    sys.path[:] = path


@pytest.fixture
def use_settings(monkeypatch):
    """Make settings those of this process, as the stack's environment does for Airflow's processes."""

    def use(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"NEWSWIRE_{name.upper()}", str(value))
        settings.cache_clear()
        return settings()

    yield use
    settings.cache_clear()


@pytest.fixture
def read_dags(airflow):
    """Return a function that reads the DAG files as Airflow does."""

    def read():
        from airflow.dag_processing.dagbag import DagBag

        return DagBag(dag_folder=DAGS)

    return read
