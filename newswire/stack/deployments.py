"""How the stages are run: from the one table of stages, which an entry point names, as machinery imports no stage."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from newswire.stage import Deployment


def stage_processes(at_least: int = 1) -> dict[str, str]:
    """Return process name -> stage, from the one table of stages: `parse-1` and `parse-2` run parse."""
    numbers = {stage: max(at_least, deployment.processes) for stage, deployment in read_deployments().items()}
    return {
        (stage if processes == 1 else f"{stage}-{number}"): stage
        for stage, processes in numbers.items()
        for number in range(1, processes + 1)
    }


@cache
def read_deployments() -> Mapping[str, Deployment]:
    """Load how each stage is run."""
    (entry,) = entry_points(group="newswire.pipeline", name="deployments")
    deployments: Mapping[str, Deployment] = entry.load()
    return deployments
