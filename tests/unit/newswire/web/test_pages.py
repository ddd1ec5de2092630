"""The pages without any server: their headers, their failures, their text, and that nothing in them runs."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

import newswire.web
from newswire.commands.web import command
from newswire.errors import ConfigError, StackError
from newswire.settings import Settings
from newswire.testing.pages import open_pages
from newswire.web.api import ANSWERS
from newswire.web.platform.app import create_app
from newswire.web.platform.security import POLICY

FOLDER = Path(newswire.web.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Two sources, one with a hostile title, one broken; nobody listens where the servers should be."""
    folder = tmp_path_factory.mktemp("sources")
    source = {"owner": "desk", "feeds": ["http://paper.example/feed.xml"]}
    (folder / "paper.yml").write_text(json.dumps({"title": "<script>alert(1)</script>", **source}), "utf-8")
    (folder / "asleep.yml").write_text(json.dumps({"title": "Asleep", "enabled": False, **source}), "utf-8")
    (folder / "broken.yml").write_text("title: [", "utf-8")
    return Settings(
        _env_file=None,
        state_dir=folder / "state",
        sources_dirs=(folder,),
        elasticsearch_url="http://127.0.0.1:9",
        kafka_bootstrap="127.0.0.1:9",
        postgres_dsn="postgresql://nobody@127.0.0.1:9/none",
    )


@pytest.fixture(scope="module")
def client(settings):
    with open_pages(create_app(settings, names=("127.0.0.1",))) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/stories", f"/article/{'a' * 32}", f"/story/{'a' * 32}"])
def test_a_server_that_is_away_is_said_in_words(client, path):
    """503 with a reason and a time to come back, never a traceback."""
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "A server is unavailable" in answer.text
    assert "Elasticsearch cannot be reached" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["search", "export.csv", "export.ndjson", "stories", f"articles/{'a' * 32}"])
def test_the_api_says_the_same_as_json(client, path):
    """An export tells it by its status too, before its first line."""
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 503
    assert "Elasticsearch cannot be reached" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/?since=yesterday", 400, "since: &#39;yesterday&#39; is not a time"),
        ("/?limit=1000000", 400, "limit:"),
        ("/?outlt=Gazette", 400, "outlt:"),
        ("/?after=nonsense", 400, "after"),
        ("/stories?sort=worst", 400, "sort:"),
        ("/nowhere", 404, "There is nothing here"),
    ],
)
def test_a_wrong_address_is_explained(client, path, status, words):
    """What was wrong is named on a page with the way back."""
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert 'href="/"' in answer.text


def test_the_api_explains_wrong_parameters(client):
    """The same words, as JSON."""
    answer = client.get("/api/search?since=yesterday&sort=worst")
    assert answer.status_code == 400
    assert "since: 'yesterday' is not a time" in answer.json()["error"]
    assert "sort: " in answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/", "/sources", "/nowhere", "/?since=x", "/api/", "/api/search", "/static/newswire.css"]
)
def test_every_answer_forbids_what_is_not_ours(client, path):
    """Failures and files too: no inline script, no foreign host, no sniffing, no referrer."""
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")


def test_the_policy_lets_nothing_in_by_default():
    """Each source that is allowed is our own; nothing inline, nothing evaluated."""
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == "'none'"
    assert set(rules.values()) == {"'self'"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_an_exception_from_the_policy(path):
    """No inline script or style, no handler, nothing from elsewhere, nothing marked as safe."""
    text = path.read_text("utf-8")
    assert not re.findall(r"<style|\sstyle=|\son\w+=|javascript:|\| *safe\b|autoescape", text)
    assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_the_sheet_and_the_script_load_nothing():
    """No font, picture or library from elsewhere; and both stay small."""
    for name in ("newswire.css", "newswire.js"):
        text = (FOLDER / "static" / name).read_text("utf-8")
        assert not re.findall(r"url\(|@import|https?://|innerHTML|eval\(|document\.write", text)
        assert len(text) < 20_000


def test_sources_are_shown_without_any_server(client):
    """An outage costs the numbers, not the page; what a file says is text."""
    answer = client.get("/sources")
    assert answer.status_code == 200
    assert "PostgreSQL does not answer" in answer.text
    assert "Elasticsearch cannot be reached" in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "Disabled in its file" in answer.text
    assert "not valid YAML" in answer.text
    report = client.get("/api/sources").json()
    assert {row["id"] for row in report["rows"]} == {"paper", "asleep"}
    assert len(report["outages"]) == 2


PASSWORD = "hunter2-of-the-cluster"


@pytest.fixture
def misconfigured(settings, monkeypatch):
    """Pages whose Elasticsearch refuses the login, in a message that repeats the password and a URL with one."""
    message = f"NEWSWIRE_ELASTICSEARCH_PASSWORD: {PASSWORD!r} is refused by http://elastic:{PASSWORD}@search.example/"

    def refuse(*_arguments, **_options):
        raise ConfigError(message)

    for place in ("pages.search.search_articles", "api.search_articles", "reports.sources.read_newest"):
        monkeypatch.setattr(f"newswire.web.{place}", refuse)
    changed = settings.model_copy(update={"elasticsearch_password": SecretStr(PASSWORD)})
    with open_pages(create_app(changed)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/api/search"])
def test_a_wrong_setting_is_not_an_outage(misconfigured, path):
    """500 without an invitation to come back: it names the setting, and no secret leaves the process."""
    answer = misconfigured.get(path)
    assert answer.status_code == 500
    assert "Retry-After" not in answer.headers
    assert "NEWSWIRE_ELASTICSEARCH_PASSWORD" in answer.text
    assert "search.example" in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("path", ["/sources", "/api/sources"])
def test_a_wrong_setting_costs_an_overview_its_part_only(misconfigured, path):
    """Where one looks for what is wrong, the other servers are still shown; no secret is."""
    answer = misconfigured.get(path)
    assert answer.status_code == 200
    assert "NEWSWIRE_ELASTICSEARCH_PASSWORD" in answer.text
    assert "PostgreSQL does not answer" in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("path", ["/pipeline", "/api/pipeline"])
def test_a_broken_stack_is_not_a_missing_part(client, monkeypatch, path):
    """What neither waiting nor a setting can fix is an error of the page."""

    def fail(*_arguments):
        raise StackError("the supervisor left no report")

    monkeypatch.setattr("newswire.web.reports.pipeline.read_groups", fail)
    answer = client.get(path)
    assert (answer.status_code, "Retry-After" in answer.headers) == (500, False)


def test_an_error_of_the_stack_is_not_an_outage(client, monkeypatch):
    """Only Retry promises that waiting helps."""

    def fail(*_arguments):
        raise StackError("the supervisor left no report")

    monkeypatch.setattr("newswire.web.pages.health.report_pipeline", fail)
    answer = client.get("/pipeline")
    assert (answer.status_code, "Retry-After" in answer.headers) == (500, False)
    assert "the supervisor left no report" in answer.text


def test_the_pipeline_is_shown_without_any_server(client):
    """Every outage is named once, and no part is made up."""
    answer = client.get("/pipeline")
    assert answer.status_code == 200
    assert "no broker at 127.0.0.1:9" in answer.text
    assert answer.text.count("Unknown.") == 2
    assert len(client.get("/api/pipeline").json()["outages"]) == 3


def test_other_names_get_no_answer(settings):
    """A site whose name leads to loopback cannot read the pages in a visitor's browser."""
    app = create_app(settings, names=("127.0.0.1", "localhost", "::1"))
    with open_pages(app) as client:
        for name in ("localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
            assert client.get("/livez", headers={"Host": name}).text == '"live"', name
        for name in ("evil.example", "127.0.0.1.evil.example", "", "[broken"):
            answer = client.get("/livez", headers={"Host": name})
            assert answer.status_code == 421, name
        assert "NEWSWIRE_WEB_NAMES" in answer.text


def test_a_port_that_is_taken_is_named_with_the_way_out():
    """`newswire web` says which address, and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = CliRunner().invoke(command, ["--port", str(port)])
    assert isinstance(done.exception, ConfigError)
    assert re.search(rf"127\.0\.0\.1:{port}: .*in use; choose another port with --port", str(done.exception))


def test_the_api_is_described_completely(client):
    """Every operation has words, a described answer and its failures; every reference leads somewhere."""
    document = client.get("/api/openapi.json").json()
    operations = {one["operationId"]: one for path in document["paths"].values() for one in path.values()}
    assert set(ANSWERS) <= set(operations)
    for name, operation in operations.items():
        assert operation["description"], name
        assert set(operation["responses"]) == {"200", "400", "404", "503"}, name
    for name in ANSWERS:
        assert operations[name]["responses"]["200"]["content"]["application/json"]["schema"], name
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    page = client.get("/api/").text
    assert all(path in page for path in document["paths"])
    assert "date_trust" in page
