"""Newswire's page in the Airflow UI; every Airflow process loads this module, so nothing heavy is imported here."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class NewswirePlugin(AirflowPlugin):
    """Registers the page "Sources"."""

    name = "newswire"
