"""What a stage measures about itself; the runner measures, a stage's own code does not."""

from __future__ import annotations

from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CounterName = Literal[
    "stage_records_total",  # {topic, outcome}: records answered for; outcome is ok, rejected, poison or replayed
    "stage_rejects_total",  # {reason}: dead letters by reason
    "stage_retries_total",  # {step}: attempts that an outage ended; step is answer, deliver, commit or poll
    "stage_hold_seconds_total",  # {}: time spent holding a batch
    "stage_lost_partitions_total",  # {}: partitions taken away by rebalances
    "stage_log_faults_total",  # {kind}: partitions found shorter than the commit, or expired beyond it
    "stage_state_rebuilds_total",  # {}: states thrown away because deciding a record raised
    "stage_snapshots_total",  # {outcome}: states saved, restored or failed
]
GaugeName = Literal[
    "stage_lag_records",  # {topic, partition}: records behind the end of the log
    "stage_pending_bytes",  # {}: sent and not yet acknowledged
    "stage_ready",  # {}: 1 once partitions have been assigned
]
HistogramName = Literal[
    "stage_batch_seconds",  # {}: from a poll's records to their commit
    "stage_batch_records",  # {}: records in a batch
    "stage_end_to_end_seconds",  # {}: from the fetch of an article to this stage's commit
]

_LABELS: dict[str, tuple[str, ...]] = {
    "stage_records_total": ("topic", "outcome"),
    "stage_rejects_total": ("reason",),
    "stage_retries_total": ("step",),
    "stage_log_faults_total": ("kind",),
    "stage_snapshots_total": ("outcome",),
    "stage_lag_records": ("topic", "partition"),
}
_BUCKETS: dict[str, tuple[float, ...]] = {
    "stage_batch_seconds": (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
    "stage_batch_records": (1, 3, 10, 30, 100, 300, 1000),
    "stage_end_to_end_seconds": (1, 3, 10, 30, 60, 120, 300, 900, 3600, 86400),
}


class Metrics:
    """One stage's metrics, in a registry of their own; every one carries the label `stage`."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._registry = CollectorRegistry()
        self._counters = {name: Counter(*self._named(name), registry=self._registry) for name in get_args(CounterName)}
        self._gauges = {name: Gauge(*self._named(name), registry=self._registry) for name in get_args(GaugeName)}
        self._histograms = {
            name: Histogram(*self._named(name), registry=self._registry, buckets=_BUCKETS[name])
            for name in get_args(HistogramName)
        }

    def count(self, name: CounterName, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._counters[name].labels(stage=self._stage, **labels).inc(amount)

    def gauge(self, name: GaugeName, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._gauges[name].labels(stage=self._stage, **labels).set(value)

    def observe(self, name: HistogramName, value: float) -> None:
        """Add an observation."""
        self._histograms[name].labels(stage=self._stage).observe(value)

    def value(self, name: CounterName | GaugeName, **labels: str) -> float:
        """Return the present value of a counter or gauge."""
        return self._registry.get_sample_value(f"newswire_{name}", {"stage": self._stage, **labels}) or 0.0

    def page(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)

    @staticmethod
    def _named(name: str) -> tuple[str, str, tuple[str, ...]]:
        return f"newswire_{name}", name.replace("_", " "), ("stage", *_LABELS.get(name, ()))
