"""Create the pools of dags/pools.json in Airflow: a task whose pool is missing waits indefinitely."""

from __future__ import annotations

import json

from newswire.airflow.rest_client import open_airflow
from newswire.settings import Settings, load_settings

POOLS = "pools.json"


def apply_pools(settings: Settings) -> list[str]:
    """Create or update every pool in Airflow and return their names."""
    pools = json.loads((settings.dags_dir / POOLS).read_text("utf-8"))
    with open_airflow(settings) as airflow:
        for name, pool in pools.items():
            airflow.put_pool(name, pool["slots"], pool["description"])
    return sorted(pools)


if __name__ == "__main__":
    apply_pools(load_settings())
