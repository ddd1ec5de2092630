"""How stages read the answers of a bulk request; a small server on loopback gives them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newswire.elastic import bulk
from newswire.elastic.bulk import Write, read_all, write_all
from newswire.elastic.client import elastic_outages_as_retry, open_elasticsearch
from newswire.errors import ConfigError, Retry
from newswire.settings import Settings

MAPPING_ERROR = {
    "type": "document_parsing_exception",
    "reason": "failed to parse field [published_at]",
    "caused_by": {"type": "illegal_argument_exception", "reason": "failed to parse date field [soon]"},
}
BUSY_ERROR = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}


class FakeElasticsearch:
    """Answers bulk requests: for each id a list of (status, error), the last one for ever; 201 for others."""

    def __init__(self):
        self.answers: dict[str, list[tuple[int, dict | None]]] = {}
        self.requests: list[list[str]] = []
        self.whole_status = 200
        self.most_items = 1000
        self.reply: dict | None = None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, reply = fake.answer(body)
                content = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=9")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_PUT = do_POST  # noqa: N815 - the standard library's name

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def answer(self, body):
        """Return status and reply of a request."""
        if self.reply is not None:
            return 200, self.reply
        lines = [json.loads(line) for line in body.splitlines()]
        heads = [line for line in lines if set(line) & {"index", "create", "delete"} and "title" not in line]
        ids = [next(iter(head.values()))["_id"] for head in heads]
        self.requests.append(ids)
        if self.whole_status != 200:
            return self.whole_status, {"error": {"type": "outage", "reason": "told so"}, "status": self.whole_status}
        if len(ids) > self.most_items:
            return 413, {"error": "too large"}
        return 200, {"errors": True, "items": [self._item(*next(iter(head.items()))) for head in heads]}

    def _item(self, operation, head):
        planned = self.answers.get(head["_id"], [(201, None)])
        status, error = planned.pop(0) if len(planned) > 1 else planned[0]
        item = {"_index": head["_index"], "_id": head["_id"], "status": status}
        return {operation: item | ({"error": error} if error else {})}

    def close(self):
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(bulk, "FIRST_WAIT_SECONDS", 0.001)
    fake = FakeElasticsearch()
    yield fake
    fake.close()


@pytest.fixture
def client(fake):
    host, port = fake.server.server_address
    with open_elasticsearch(Settings(elasticsearch_url=f"http://{host}:{port}")) as client:
        yield client


def writes(*ids, operation="index"):
    document = None if operation == "delete" else {"title": "x"}
    return [Write(operation, "i", id_, document, 1) for id_ in ids]


def test_what_is_there_already_counts_as_written(fake, client):
    """A conflict of versions is a success: this one, or a newer one, is in the index."""
    fake.answers = {"b": [(409, {"type": "version_conflict_engine_exception", "reason": "current version is higher"})]}
    assert write_all(client, writes("a", "b")) == {}
    assert fake.requests == [["a", "b"]]


def test_a_documents_own_fault_is_refused_with_the_servers_reason(fake, client):
    """400 concerns one document; the others are written, and the cause is told."""
    fake.answers = {"b": [(400, MAPPING_ERROR)]}
    refused = write_all(client, writes("a", "b", "c"))
    assert list(refused) == ["b"]
    assert refused["b"].reason == "document-refused"
    assert "published_at" in refused["b"].detail
    assert "failed to parse date field [soon]" in refused["b"].detail


def test_only_busy_items_are_sent_again_and_answers_out_of_order_find_their_document(fake, client):
    """After a retry the answers come in another order than the writes; each still meets its own document."""
    fake.answers = {
        "a": [(429, BUSY_ERROR), (400, MAPPING_ERROR)],
        "b": [(400, MAPPING_ERROR | {"reason": "b's own"})],
        "c": [(503, BUSY_ERROR), (429, BUSY_ERROR), (201, None)],
    }
    refused = write_all(client, writes("a", "b", "c", "d"))
    assert fake.requests == [["a", "b", "c", "d"], ["a", "c"], ["c"]]
    assert set(refused) == {"a", "b"}
    assert "b's own" in refused["b"].detail
    assert "b's own" not in refused["a"].detail


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, BUSY_ERROR),
        (503, {"type": "unavailable_shards_exception", "reason": "primary is not active"}),
        (403, {"type": "cluster_block_exception", "reason": "index is read-only"}),
        (400, {"type": "validation_exception", "reason": "this action would add shards over the limit"}),
        (404, {"type": "index_not_found_exception", "reason": "no such index and auto create is off"}),
    ],
)
def test_the_servers_own_trouble_holds_the_batch(fake, client, status, error):
    """Whatever is not the document's fault waits; nothing is refused for it."""
    fake.answers = {"b": [(status, error)]}
    with pytest.raises(Retry, match=f"1 of 2 documents; 1 times: {status} {error['type']}"):
        write_all(client, writes("a", "b"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_request_that_fails_as_a_whole_holds_the_batch(fake, client, status):
    """An overloaded or broken server is an outage."""
    fake.whole_status = status
    with pytest.raises(Retry, match=f"out of order: {status}"), elastic_outages_as_retry():
        write_all(client, writes("a"))


def test_a_refused_login_is_a_setting_to_mend(fake, client):
    """Holding would not help against a wrong key: the message names the settings."""
    fake.whole_status = 401
    with pytest.raises(ConfigError, match="NEWSWIRE_ELASTICSEARCH_API_KEY"), elastic_outages_as_retry():
        write_all(client, writes("a"))


def test_an_unreachable_server_holds_the_batch(fake):
    """A closed port is an outage."""
    fake.close()
    host, port = fake.server.server_address
    with (
        open_elasticsearch(Settings(elasticsearch_url=f"http://{host}:{port}")) as client,
        pytest.raises(Retry, match="cannot be reached"),
        elastic_outages_as_retry(),
    ):
        write_all(client, writes("a"))


def test_a_request_that_is_too_large_is_halved_down_to_the_one_document(fake, client):
    """A proxy's limit refuses only what is too large alone."""
    fake.most_items = 2
    assert write_all(client, writes("a", "b", "c", "d", "e")) == {}
    assert sorted(id_ for ids in fake.requests if len(ids) <= 2 for id_ in ids) == ["a", "b", "c", "d", "e"]
    fake.most_items = 0
    assert write_all(client, writes("a"))["a"].detail.startswith("larger than")


def test_deleting_what_is_gone_is_done(fake, client):
    """404 answers a deletion as wanted."""
    fake.answers = {"a": [(404, None)], "b": [(404, {"type": "index_not_found_exception", "reason": "no such index"})]}
    assert write_all(client, writes("a", "b", operation="delete")) == {}


def test_reading_tells_absent_from_unreadable(fake, client):
    """No document and no index mean nothing stored; a shard that is away means wait, or a revision would be lost."""
    gone = {"_index": "i", "_id": "b", "error": {"type": "index_not_found_exception", "reason": "no such index"}}
    found = {"_index": "i", "_id": "c", "found": True, "_source": {"version": 1}}
    fake.reply = {"docs": [{"_index": "i", "_id": "a", "found": False}, gone, found]}
    assert read_all(client, dict.fromkeys("abc", "i")) == {"c": {"version": 1}}
    away = {"type": "no_shard_available_action_exception", "reason": "no shard available"}
    fake.reply = {"docs": [found, {"_index": "i", "_id": "a", "error": away}]}
    with pytest.raises(Retry, match="no shard available"):
        read_all(client, dict.fromkeys("ac", "i"))


def test_a_server_that_is_no_elasticsearch_is_named(fake):
    """An answer without Elasticsearch's product header is a wrong address, not an outage."""
    fake.server.RequestHandlerClass.send_header = lambda self, name, value: (
        None if name.startswith("X-Elastic") else BaseHTTPRequestHandler.send_header(self, name, value)
    )
    host, port = fake.server.server_address
    with (
        open_elasticsearch(Settings(elasticsearch_url=f"http://{host}:{port}")) as client,
        pytest.raises(ConfigError, match="NEWSWIRE_ELASTICSEARCH_URL"),
        elastic_outages_as_retry(),
    ):
        write_all(client, writes("a"))
