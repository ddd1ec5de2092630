"""A client of Airflow's REST API for commands and the stack; it works in an environment without Airflow."""

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
        """Return whether the run is in a final state."""
        return self.state in ENDED


@contextmanager
def open_airflow(settings: Settings, *, patience_seconds: float = 30.0) -> Iterator[Airflow]:
    """Open a client of the Airflow in the settings; it waits up to `patience_seconds` for a server that restarts."""
    loopback = {f"all://{host}": None for host in ("127.0.0.1", "localhost")}  # never through a proxy
    with httpx.Client(base_url=settings.airflow_url, timeout=30, mounts=loopback) as http:
        password = settings.airflow_password.get_secret_value()
        yield Airflow(http, settings.airflow_username, password, patience_seconds=patience_seconds)


class Airflow:
    """Airflow's REST API: logs in at the first request, and waits for an API server that restarts."""

    def __init__(self, http: httpx.Client, username: str, password: str, *, patience_seconds: float) -> None:
        self.url = str(http.base_url).rstrip("/")
        self._http = http
        self._login = {"username": username, "password": password}
        self._patience_seconds = patience_seconds

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, *, run_id: str | None = None) -> Run:
        """Start a run and return it; the same `run_id` twice is the same run. Wait for a DAG that is not read yet.

        Raises:
            ConfigError: Airflow has no such DAG, or rejects the parameters.
        """
        run_id = run_id or f"newswire__{dt.datetime.now(dt.UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        give_up = time.monotonic() + self._patience_seconds
        while (response := self._send("POST", f"/dags/{dag_id}/dagRuns", json=body)).status_code == 404:
            if time.monotonic() > give_up:
                raise ConfigError(
                    f"Airflow at {self.url} has no DAG {dag_id}; see its import errors at {self.url}/dags"
                )
            time.sleep(1)
        if response.status_code == 409:  # an earlier attempt arrived, its response was lost
            return self.run(dag_id, run_id)
        return _run(_body(response))

    def run(self, dag_id: str, run_id: str) -> Run:
        """Return the present state of a run."""
        return _run(self._get(f"/dags/{dag_id}/dagRuns/{run_id}"))

    def runs(self, dag_id: str, *, limit: int = 20) -> list[Run]:
        """Return the newest runs of a DAG, newest first; none if Airflow does not have the DAG yet."""
        response = self._send("GET", f"/dags/{dag_id}/dagRuns", params={"limit": limit, "order_by": "-run_after"})
        return [] if response.status_code == 404 else [_run(run) for run in _body(response)["dag_runs"]]

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout_seconds: float,
        watch: Watch | None = None,
    ) -> Run:
        """Wait until the run has ended and return it; `watch` is called with the task counts in the meantime.

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
        """Return the number of task instances by (task, state)."""
        found = self._get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=1000)["task_instances"]
        return Counter((task["task_id"], task["state"] or "waiting") for task in found)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return a value that a task published (XCom); None if there is none."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        response = self._send("GET", path, params={"deserialize": True})
        return None if response.status_code == 404 else _body(response)["value"]

    def dag_ids(self) -> list[str]:
        """Return the DAGs that Airflow has read, sorted."""
        return sorted(dag["dag_id"] for dag in self._get("/dags", limit=1000)["dags"])

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that Airflow could not import, each with its stack trace."""
        return {e["filename"]: e["stack_trace"] for e in self._get("/importErrors", limit=100)["import_errors"]}

    def put_pool(self, name: str, slots: int, description: str) -> None:
        """Create or update a pool."""
        body = {"slots": slots, "description": description, "include_deferred": False}
        if self._send("POST", "/pools", json={"name": name, **body}).status_code == 409:
            _body(self._send("PATCH", f"/pools/{name}", json={"pool": name, **body}))

    def page(self, run: Run) -> str:
        """Return the URL of a run's page."""
        return f"{self.url}/dags/{run.dag_id}/runs/{run.run_id}"

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return _body(self._send("GET", path, params=params))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request with the login; wait for an API server that restarts."""
        give_up = time.monotonic() + self._patience_seconds
        while True:
            try:
                response = self._logged_in().request(method, f"/api/v2{path}", **options)
                if response.status_code < 500:
                    return response
                outage = f"HTTP {response.status_code}"
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                outage = str(error)
            if time.monotonic() > give_up:
                hint = "`newswire status` shows what runs, `newswire up` starts it"
                raise StackError(f"Airflow at {self.url} does not respond ({outage}); {hint}")
            time.sleep(POLL_SECONDS)

    def _logged_in(self) -> httpx.Client:
        if "Authorization" not in self._http.headers:
            response = self._http.post("/auth/token", json=self._login)
            if response.status_code in (401, 403, 422):
                raise ConfigError(
                    f"Airflow at {self.url} rejects the login; check NEWSWIRE_AIRFLOW_USERNAME and _PASSWORD"
                )
            response.raise_for_status()
            self._http.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        return self._http


def _body(response: httpx.Response) -> dict[str, Any]:
    if response.is_error:
        request = response.request
        reason = f"{response.status_code} {response.text[:500]}"
        raise ConfigError(f"Airflow rejects {request.method} {response.url.path}: {reason}")
    body: dict[str, Any] = response.json()
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
