"""The path of an article, in order. A stage's package imports nothing heavy before its stage is opened."""

from __future__ import annotations

from consumers import cluster, dedupe, index, ledger, parse, record, watch
from newswire.stage import AnyStage, Deployment

PIPELINE: tuple[AnyStage, ...] = (
    parse.STAGE,
    dedupe.STAGE,
    cluster.STAGE,
    index.STAGE,
    watch.STAGE,
    ledger.STAGE,
    record.STAGE,
)
STAGES: dict[str, AnyStage] = {stage.name: stage for stage in PIPELINE}

# How the embedded stack runs them. Parsing takes the most time, so it has two processes.
DEPLOYMENTS: dict[str, Deployment] = {
    "parse": Deployment(processes=2),
    "dedupe": Deployment(),
    "cluster": Deployment(),
    "index": Deployment(needs=("templates",)),
    "watch": Deployment(needs=("templates",)),
    "ledger": Deployment(needs=("crawl-migrate",)),
    "record": Deployment(needs=("templates",)),
}
