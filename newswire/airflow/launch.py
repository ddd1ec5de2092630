"""Start a component of Airflow with its imports done first: `python -m newswire.airflow.launch scheduler`.

Importing Airflow and building its API takes twenty CPU seconds in all, a third of it garbage collection. Loading
modules leaves no garbage, so the collector is off until they are loaded. The scheduler and the DAG processor fork a
process for each task and each DAG file: what they have imported is not imported again.
"""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
TASK_MODULES = ("airflow.sdk.execution_time.task_runner", "newswire.airflow.crawl_tasks")


def main() -> None:
    """Run the component named by the arguments."""
    faulthandler.register(signal.SIGUSR1)  # the supervisor asks for all stacks before it ends a hung component
    gc.disable()
    PREPARATIONS.get(sys.argv[1], lambda: None)()
    from airflow.__main__ import main as airflow  # noqa: PLC0415 - after the collector was stopped

    gc.freeze()  # loaded modules are never freed, and a fork need not copy their pages to scan them
    gc.enable()
    airflow()


def _prepare_api_server() -> None:
    """Build all routes now: those of the task API would otherwise be built while the first task waits."""
    import httpx  # noqa: PLC0415
    from airflow.api_fastapi.main import app  # noqa: PLC0415

    async def warm_up() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://airflow") as client:
            (await client.get("/execution/health")).raise_for_status()

    asyncio.run(warm_up())


def _prepare_scheduler() -> None:
    """Import what tasks need; on Linux make the forks end with their parent.

    A killed scheduler then leaves no idle workers, which ignore SIGTERM, and no unsupervised tasks. An interrupted task
    runs again when its heartbeat is missed.
    """
    from airflow.sdk.listener import get_listener_manager  # noqa: PLC0415

    for module in TASK_MODULES:
        importlib.import_module(module)
    get_listener_manager()  # loads the plugins, which every task would load otherwise
    _read_dags()
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=_die_with_parent)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _read_dags() -> None:
    """Read the DAG files once, so that the modules they import are loaded."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415

    DagBag()


PREPARATIONS: dict[str, Callable[[], None]] = {
    "api-server": _prepare_api_server,
    "scheduler": _prepare_scheduler,
    "dag-processor": _read_dags,
}


if __name__ == "__main__":
    main()
