"""Airflow's scheduler, with what its tasks need already imported.

LocalExecutor forks its workers from the scheduler and every task from a worker: what is imported here is imported
once, not in each task. On Linux the forked processes die with their parent, so that a killed scheduler leaves neither
idle workers nor unwatched tasks; an interrupted task runs again when its heartbeat is missed.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys

from airflow.__main__ import main as airflow
from airflow.dag_processing.dagbag import DagBag

TASK_MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.decorators.python",
    "newswire.airflow.crawl_tasks",
)
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Run `airflow scheduler` with this process's arguments."""
    for module in TASK_MODULES:
        importlib.import_module(module)
    DagBag()  # reads the DAG files, as every task does first, and so imports what they need
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=_die_with_parent)
    sys.argv[1:1] = ["scheduler"]
    airflow()


if __name__ == "__main__":
    main()
