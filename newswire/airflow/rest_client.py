"""The REST API of Airflow, as far as commands and the stack need it; a slim environment without Airflow can use it."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from newswire.errors import ConfigError, StackError
from newswire.settings import Settings

ENDED = ("success", "failed")
POLL_SECONDS = 0.3
TaskCounts = Counter[tuple[str, str]]  # (task, state) -> instances
Watch = Callable[[TaskCounts], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    run_type: str
    queued_at: str | None
    started_at: str | None
    ended_at: str | None

    @property
    def has_ended(self) -> bool:
        """Whether the run will not change any more."""
        return self.state in ENDED


@contextmanager
def open_airflow(settings: Settings, *, patience_seconds: float = 30.0) -> Iterator[Airflow]:
    """Open the REST API of the Airflow that the settings name."""
    loopback = {f"all://{host}": None for host in ("127.0.0.1", "localhost")}  # never by way of a proxy
    with httpx.Client(base_url=settings.airflow_url, timeout=30, mounts=loopback) as http:
        password = settings.airflow_password.get_secret_value()
        yield Airflow(http, settings.airflow_username, password, patience_seconds=patience_seconds)


class Airflow:
    """Airflow, logged in at the first request; an API server that restarts is waited for."""

    def __init__(self, http: httpx.Client, username: str, password: str, *, patience_seconds: float) -> None:
        self.url = str(http.base_url).rstrip("/")
        self._http = http
        self._login = {"username": username, "password": password}
        self._patience_seconds = patience_seconds

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, *, run_id: str | None = None) -> Run:
        """Start a run; the same `run_id` twice is the same run. A DAG not yet read is waited for.

        Raises:
            ConfigError: Airflow does not know the DAG, or refuses the parameters.
        """
        run_id = run_id or f"newswire__{dt.datetime.now(dt.UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        give_up = time.monotonic() + self._patience_seconds
        while (answer := self._send("POST", f"/dags/{dag_id}/dagRuns", json=body)).status_code == 404:
            if time.monotonic() > give_up:
                raise ConfigError(
                    f"Airflow at {self.url} has no DAG {dag_id}; its import errors stand under {self.url}/dags"
                )
            time.sleep(1)
        if answer.status_code == 409:  # an earlier try got through, its answer did not
            return self.run(dag_id, run_id)
        return _run(_body(answer))

    def run(self, dag_id: str, run_id: str) -> Run:
        """Return a run as it is now."""
        return _run(self._get(f"/dags/{dag_id}/dagRuns/{run_id}"))

    def runs(self, dag_id: str, *, limit: int = 20) -> list[Run]:
        """Return the newest runs of a DAG, newest first; none when Airflow does not know the DAG yet."""
        answer = self._send("GET", f"/dags/{dag_id}/dagRuns", params={"limit": limit, "order_by": "-run_after"})
        return [] if answer.status_code == 404 else [_run(run) for run in _body(answer)["dag_runs"]]

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout_seconds: float,
        watch: Callable[[Counter[tuple[str, str]]], None] | None = None,
    ) -> Run:
        """Wait until the run has ended; `watch` gets the number of task instances by (task, state) as it goes.

        Raises:
            StackError: the run takes longer.
        """
        give_up = time.monotonic() + timeout_seconds
        while not (run := self.run(dag_id, run_id)).has_ended:
            if time.monotonic() > give_up:
                raise StackError(
                    f"{dag_id} {run_id} is still {run.state} after {timeout_seconds:.0f} s; see {self.page(run)}"
                )
            if watch:
                watch(self.tasks(dag_id, run_id))
            time.sleep(POLL_SECONDS)
        if watch:
            watch(self.tasks(dag_id, run_id))
        return run

    def tasks(self, dag_id: str, run_id: str) -> TaskCounts:
        """Return how many task instances are in which state, by (task, state)."""
        found = self._get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=1000)["task_instances"]
        return Counter((task["task_id"], task["state"] or "waiting") for task in found)

    def returned(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return what a task left for others to read; None when it left nothing."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        answer = self._send("GET", path, params={"deserialize": True})
        return None if answer.status_code == 404 else _body(answer)["value"]

    def dag_ids(self) -> list[str]:
        """Return the DAGs that Airflow has read, sorted."""
        return sorted(dag["dag_id"] for dag in self._get("/dags", limit=1000)["dags"])

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that Airflow could not read, with the reason."""
        return {e["filename"]: e["stack_trace"] for e in self._get("/importErrors", limit=100)["import_errors"]}

    def put_pool(self, name: str, slots: int, description: str) -> None:
        """Create a pool, or change it."""
        body = {"slots": slots, "description": description, "include_deferred": False}
        if self._send("POST", "/pools", json={"name": name, **body}).status_code == 409:
            _body(self._send("PATCH", f"/pools/{name}", json={"pool": name, **body}))

    def page(self, run: Run) -> str:
        """Return the address of a run's page."""
        return f"{self.url}/dags/{run.dag_id}/runs/{run.run_id}"

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return _body(self._send("GET", path, params=params))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, logged in; an API server that restarts is waited for."""
        give_up = time.monotonic() + self._patience_seconds
        while True:
            try:
                answer = self._logged_in().request(method, f"/api/v2{path}", **options)
                if answer.status_code < 500:
                    return answer
                outage = f"HTTP {answer.status_code}"
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                outage = str(error)
            if time.monotonic() > give_up:
                way_out = "`newswire status` says what runs, `newswire up` starts it"
                raise StackError(f"Airflow at {self.url} does not answer ({outage}); {way_out}")
            time.sleep(POLL_SECONDS)

    def _logged_in(self) -> httpx.Client:
        if "Authorization" not in self._http.headers:
            answer = self._http.post("/auth/token", json=self._login)
            if answer.status_code in (401, 403, 422):
                raise ConfigError(
                    f"Airflow at {self.url} refuses the login; check NEWSWIRE_AIRFLOW_USERNAME and _PASSWORD"
                )
            answer.raise_for_status()
            self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self._http


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise ConfigError(
            f"Airflow refuses {answer.request.method} {answer.url.path}: {answer.status_code} {answer.text[:500]}"
        )
    body: dict[str, Any] = answer.json()
    return body


def _run(body: Mapping[str, Any]) -> Run:
    return Run(
        dag_id=body["dag_id"],
        run_id=body["dag_run_id"],
        state=body["state"],
        run_type=body["run_type"],
        queued_at=body["queued_at"],
        started_at=body["start_date"],
        ended_at=body["end_date"],
    )
