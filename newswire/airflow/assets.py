"""The Airflow assets that several DAG files share."""

from __future__ import annotations

from airflow.sdk import Asset

# Updated by each crawl that fetched something; its event carries the counts.
PAGES = Asset(name="fetched-pages", uri="newswire://fetched-pages", group="newswire")
