"""The REST client against a server that fails as Airflow does while it restarts; the real one is in tests/stack."""

from __future__ import annotations

import json
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from newswire.airflow.rest_client import open_airflow
from newswire.commands.crawl import command
from newswire.errors import ConfigError, StackError
from newswire.settings import Settings

RUN = {
    "dag_id": "crawl_source",
    "dag_run_id": "r1",
    "state": "queued",
    "run_type": "manual",
    "queued_at": None,
    "start_date": None,
    "end_date": None,
}


class FakeAirflow:
    """Scripted responses: (method, end of path) -> responses, the last one repeated."""

    def __init__(self):
        self.script = {("POST", "/auth/token"): deque([(201, {"access_token": "t"})])}
        self.asked = []
        self.bodies = []

    def answers(self, method, end, *answers):
        """Set what a request gets: (status, body), one after another."""
        self.script[method, end] = deque(answers)

    def answer(self, method, path):
        """Return the next answer."""
        self.asked.append((method, path))
        for (wanted, end), answers in self.script.items():
            if wanted == method and path.partition("?")[0].endswith(end):
                return answers.popleft() if len(answers) > 1 else answers[0]
        return 404, {}


@pytest.fixture
def airflow():
    fake = FakeAirflow()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self):
            length = int(self.headers.get("Content-Length") or 0)
            if length:
                fake.bodies.append(json.loads(self.rfile.read(length)))
            status, body = fake.answer(self.command, self.path)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PATCH = respond  # noqa: N815 - the server's names

        def log_message(self, *_):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    fake.settings = Settings(airflow_url=f"http://127.0.0.1:{server.server_port}", airflow_password="pw")
    yield fake
    server.shutdown()
    server.server_close()


def test_a_run_is_started_once_though_the_first_answer_is_lost(airflow):
    """The run's id is ours: when a retried POST gets 409, that run is the one."""
    airflow.answers("POST", "/dagRuns", (503, {}), (409, {}))
    airflow.answers("GET", "/dagRuns/r1", (200, RUN))
    with open_airflow(airflow.settings) as client:
        assert client.trigger("crawl_source", {"sources": ["a"]}, run_id="r1").run_id == "r1"
    assert [body["dag_run_id"] for body in airflow.bodies if "dag_run_id" in body] == ["r1", "r1"]


def test_a_dag_that_is_not_read_yet_is_waited_for(airflow):
    """Right after a start Airflow knows no DAG for some seconds."""
    airflow.answers("POST", "/dagRuns", (404, {}), (200, RUN))
    with open_airflow(airflow.settings) as client:
        assert client.trigger("crawl_source").state == "queued"


def test_waiting_outlasts_a_restart_of_the_api_server(airflow):
    """A 502 between two polls is not the end of the run."""
    airflow.answers("GET", "/dagRuns/r1", (200, RUN), (502, {}), (200, RUN | {"state": "success"}))
    with open_airflow(airflow.settings) as client:
        assert client.wait("crawl_source", "r1", timeout_seconds=10).state == "success"


def test_a_run_that_takes_too_long_is_named_with_its_page(airflow):
    """The message names the page to look at."""
    airflow.answers("GET", "/dagRuns/r1", (200, RUN | {"state": "running"}))
    with open_airflow(airflow.settings) as client, pytest.raises(StackError, match=r"still running.*/runs/r1"):
        client.wait("crawl_source", "r1", timeout_seconds=0.1)


def test_a_wrong_password_is_a_matter_of_configuration(airflow):
    """It does not help to try again, and the message names the settings."""
    airflow.answers("POST", "/auth/token", (401, {}))
    with open_airflow(airflow.settings) as client, pytest.raises(ConfigError, match="NEWSWIRE_AIRFLOW_USERNAME"):
        client.dag_ids()


def test_without_airflow_the_message_says_how_to_start_it():
    """Nobody listens: one sentence with the way out."""
    settings = Settings(airflow_url="http://127.0.0.1:9")
    with open_airflow(settings, patience_seconds=0) as client, pytest.raises(StackError, match="newswire up"):
        client.dag_ids()


@pytest.fixture
def crawl(airflow, tmp_path, monkeypatch):
    """Return a function that runs `newswire crawl` against the fake, with one good and one broken source."""
    good = {"title": "The Paper", "owner": "desk", "feeds": ["http://paper.example/feed.xml"]}
    (tmp_path / "paper.yml").write_text(json.dumps(good), "utf-8")
    (tmp_path / "broken.yml").write_text("title: [", "utf-8")
    monkeypatch.setenv("NEWSWIRE_SOURCES_DIRS", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_AIRFLOW_URL", airflow.settings.airflow_url)
    airflow.answers("POST", "/dagRuns", (200, RUN))
    airflow.answers("GET", "/taskInstances", (200, {"task_instances": [{"task_id": "crawl", "state": None}]}))
    totals = {"counts": {"fetched": 3, "failed": 0}, "reasons": {"x.example": "is down"}}
    airflow.answers("GET", "/xcomEntries/counts", (200, {"value": totals}))
    return lambda *arguments: CliRunner().invoke(command, arguments)


@pytest.mark.parametrize(("state", "code"), [("success", 0), ("failed", 1)])
def test_the_command_ends_as_the_run_did(airflow, crawl, state, code):
    """Scripts rely on the exit code; people see the counts, what failed, and where the run is."""
    airflow.answers("GET", "/dagRuns/newswire", (200, RUN))
    ended = RUN | {"state": state}
    airflow.script["GET", "/dagRuns/r1"] = deque([(200, RUN), (200, ended)])
    result = crawl("paper", "--limit", "7", "--fresh")
    assert result.exit_code == code, result.output
    assert airflow.bodies[-1]["conf"] == {"sources": ["paper"], "limit": 7, "fresh": True}
    assert "fetched" in result.output
    assert "x.example: is down" in result.output
    assert "/dags/crawl_source/runs/r1" in result.output


def test_the_command_prints_json_for_scripts(airflow, crawl):
    """Standard output is one JSON document."""
    airflow.answers("GET", "/dagRuns/r1", (200, RUN | {"state": "success"}))
    outcome = json.loads(crawl("paper", "--json").stdout)
    assert (outcome["state"], outcome["counts"]["fetched"]) == ("success", 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the sources"),
        (("paper", "--tier", "hourly"), "name the sources"),
        (("--tier", "15m"), "no source of tier 15m is enabled"),
        (("papre",), "did you mean paper"),
        (("broken",), "has an error, fix it: not valid YAML"),
    ],
)
def test_what_cannot_be_crawled_is_told_before_a_run_starts(airflow, crawl, arguments, message):
    """A typo costs no run."""
    result = crawl(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)
    assert airflow.asked == []
