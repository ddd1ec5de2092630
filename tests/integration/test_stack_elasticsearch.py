"""What our launcher and plugin add to the published Elasticsearch jars."""

from __future__ import annotations

import base64
import ctypes.util
import http.client
import json
import socket
from urllib.parse import urlsplit

import psutil
import pytest
from elasticsearch import AuthenticationException, Elasticsearch

from newswire.elastic.client import open_elasticsearch
from newswire.stack.report import read_report

pytestmark = pytest.mark.servers


@pytest.fixture
def client(servers):
    with open_elasticsearch(servers) as client:
        yield client
        for index in client.indices.get(index=f"{servers.index_prefix}-*"):
            client.indices.delete(index=index)


def tokens(client, text: str, **how) -> list[str]:
    return [token["token"] for token in client.indices.analyze(text=text, **how)["tokens"]]


def test_the_client_recognises_the_server(client):
    """The official client's product check and `info` work, though no published module serves them."""
    assert client.ping()
    assert client.info()["version"]["number"].startswith("9.")


@pytest.mark.parametrize(
    ("language", "text", "stems"),
    [
        ("english", "The ministers were running", ["minist", "were", "run"]),
        ("german", "Die Häuser der Städte", ["haus", "stadt"]),
        ("spanish", "las elecciones presidenciales", ["eleccion", "presidencial"]),
        ("french", "l'élection des maires", ["election", "mair"]),
        ("russian", "новые выборы", ["нов", "выбор"]),
        ("arabic", "الانتخابات الجديدة", ["انتخاب", "جديد"]),
        ("cjk", "東京の天気", ["東京", "京の", "の天", "天気"]),
    ],
)
def test_languages_are_stemmed(client, language, text, stems):
    """The analyzers have Elasticsearch's names and Lucene's results."""
    assert tokens(client, text, analyzer=language) == stems


def test_every_language_can_be_used_in_an_index(client, servers):
    """An index that names the analyzers can be made, filled and searched."""
    languages = ["turkish", "greek", "hindi", "persian", "portuguese", "swedish", "norwegian", "dutch", "italian"]
    fields = {language: {"type": "text", "analyzer": language} for language in languages}
    index = f"{servers.index_prefix}-languages"
    client.indices.create(index=index, mappings={"properties": fields}, settings={"number_of_replicas": 0})
    document = dict.fromkeys(languages, "Ankara Αθήνα दिल्ली تهران")
    client.index(index=index, id="1", document=document, refresh=True)

    found = client.search(index=index, query={"bool": {"must": [{"match": {name: "Ankara"}} for name in languages]}})

    assert found["hits"]["total"]["value"] == 1


def test_filters_take_their_settings(client):
    """A filter of an index is made to its settings."""
    edges = {"type": "edge_ngram", "min_gram": 2, "max_gram": 3}
    stems = {"type": "stemmer", "language": "possessive_english"}

    assert tokens(client, "news", tokenizer="keyword", filter=[edges]) == ["ne", "new"]
    assert tokens(client, "reader's", tokenizer="whitespace", filter=[stems]) == ["reader"]
    assert tokens(client, "Córdoba", tokenizer="standard", filter=["lowercase", "asciifolding"]) == ["cordoba"]
    assert tokens(client, "<b>bold</b> text", tokenizer="standard", char_filter=["html_strip"]) == ["bold", "text"]


@pytest.mark.skipif(ctypes.util.find_library("zstd") is None, reason="this system has no zstd library")
def test_strong_compression_works_where_the_system_has_zstd(client, servers):
    """The server finds the system's zstd in its home; without it each document of such an index fails."""
    index = f"{servers.index_prefix}-packed"
    client.indices.create(index=index, settings={"codec": "best_compression", "number_of_replicas": 0})
    client.index(index=index, id="1", document={"text": "packed"}, refresh=True)
    client.indices.forcemerge(index=index, max_num_segments=1)

    assert client.get(index=index, id="1")["_source"] == {"text": "packed"}


class Browser:
    """Sends what a browser or a careless script would send, header by header."""

    def __init__(self, settings):
        self.address = urlsplit(settings.elasticsearch_url).netloc
        self.port = urlsplit(settings.elasticsearch_url).port
        password = settings.elasticsearch_password.get_secret_value()
        self.login = {"Authorization": basic(settings.elasticsearch_username, password)}

    def ask(self, method, path, body=None, **headers):
        """Return the status and the answer; `Host` in the headers replaces the real one."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True)
            sent = {"Host": self.address} | headers | ({"Content-Length": str(len(body))} if body else {})
            for name, value in sent.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders(body)
            response = connection.getresponse()
            self.challenge = response.getheader("WWW-Authenticate")
            return response.status, response.read().decode()
        finally:
            connection.close()


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def browser(servers):
    return Browser(servers)


@pytest.fixture
def index(client, servers):
    """Return the name of an open index."""
    name = f"{servers.index_prefix}-kept"
    client.indices.create(index=name, settings={"number_of_replicas": 0})
    return name


def is_open(client, index):
    return client.cat.indices(index=index, h="status", expand_wildcards="all").body.strip() == "open"


WRONG_LOGINS = [
    {},
    {"Authorization": basic("newswire", "wrong")},
    {"Authorization": basic("newswire", "")},
    {"Authorization": basic("elastic", "changeme")},
    {"Authorization": "Basic not base64!"},
    {"Authorization": "Basic "},
    {"Authorization": "Bearer abc"},
    {"Authorization": "ApiKey YWJjOmRlZg=="},
]


@pytest.mark.parametrize("headers", WRONG_LOGINS, ids=str)
def test_without_the_password_nothing_is_answered(client, browser, index, headers):
    """Every path, read or write, known or not: 401, a challenge, and no word about the node."""
    requests = [("GET", "/"), ("GET", "/_cluster/health"), ("POST", f"/{index}/_close"), ("DELETE", f"/{index}")]
    for method, path in (*requests, ("GET", "/no/such/path/at/all"), ("OPTIONS", "/"), ("PATCH", "/")):
        status, answer = browser.ask(method, path, **headers)
        assert (status, browser.challenge) == (401, 'Basic realm="newswire", charset="UTF-8"'), (method, path)
        assert json.loads(answer)["error"]["type"] == "security_exception"
    assert is_open(client, index)


@pytest.mark.parametrize(
    "host", ["rebound.example", "rebound.example:9200", "127.0.0.1.nip.io", "localhost@evil", "", "127.0.0.2"]
)
def test_a_foreign_host_is_refused_even_with_the_password(client, browser, index, host):
    """A name that leads here by DNS rebinding is none of ours."""
    assert browser.ask("GET", "/", Host=host, **browser.login)[0] == 403
    assert browser.ask("POST", f"/{index}/_close", Host=host, **browser.login)[0] == 403
    assert is_open(client, index)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1@evil.example", "file://"],
)
def test_a_foreign_origin_is_refused_even_with_the_password(client, browser, index, origin):
    """A page elsewhere sends a body-less POST unasked, and a browser adds the password that it remembers."""
    assert browser.ask("GET", "/", Origin=origin, **browser.login)[0] == 403
    assert browser.ask("POST", f"/{index}/_close", Origin=origin, **browser.login)[0] == 403
    assert is_open(client, index)


def test_our_own_hosts_and_origins_are_let_in(browser):
    """The three names of loopback, with the node's port."""
    for host in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        name = f"{host}:{browser.port}"
        assert browser.ask("GET", "/", Host=name, Origin=f"http://{name}", **browser.login)[0] == 200


def test_another_port_of_this_machine_is_foreign(client, browser, index):
    """A page of another program here, such as a notebook or a dashboard, is not ours either."""
    for name in ("127.0.0.1", "localhost:1", f"localhost:{browser.port}0"):
        assert browser.ask("POST", f"/{index}/_close", Host=name, **browser.login)[0] == 403
        assert browser.ask("POST", f"/{index}/_close", Origin=f"http://{name}", **browser.login)[0] == 403
    assert is_open(client, index)


def test_a_refused_bulk_request_leaves_its_connection_usable(servers):
    """A body of several megabytes is thrown away, and the next request of the connection is answered."""
    body = b'{"index":{"_index":"refused"}}\n{"text":"%s"}\n' % (b"x" * 1000) * 4000
    browser = Browser(servers)
    connection = http.client.HTTPConnection(browser.address, timeout=60)
    headers = {"Content-Type": "application/x-ndjson"}
    connection.request("POST", "/_bulk", body, headers)
    refused = connection.getresponse()
    refused.read()
    connection.request("GET", "/_cat/indices/refused*?format=json", headers=browser.login)
    answer = connection.getresponse()
    assert (refused.status, answer.status, json.loads(answer.read())) == (401, 200, [])
    connection.close()


def test_the_official_client_says_what_is_wrong_with_the_login(servers):
    """A client without the password gets the exception of a refused login, not one about an unknown product."""
    with Elasticsearch(servers.elasticsearch_url) as client, pytest.raises(AuthenticationException, match="security"):
        client.info()


def test_the_port_between_nodes_lets_nobody_in(server_settings):
    """The protocol between nodes has no password: the connection is closed before a byte is read."""
    port = read_report(server_settings.state_dir)["ports"]["elasticsearch_transport"]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(1) == b""


def test_every_folder_of_running_servers_is_private(server_settings):
    """What the servers make themselves is closed to others too, as is every file of theirs."""
    state = server_settings.state_dir
    made = [path for path in state.rglob("*") if not path.is_symlink() and path.exists()]
    folders = [state, *(path for path in made if path.is_dir())]
    servers = [path for path in made if path.is_relative_to(state / "kafka") and path.is_file()]
    assert {"logs", "data", "kafka", "elasticsearch"} <= {path.name for path in folders}
    assert any(path.name == "meta.properties" for path in servers)
    assert [str(path) for path in folders if path.stat().st_mode & 0o077] == []
    assert [str(path) for path in servers if path.parent.name == "data" and path.stat().st_mode & 0o077] == []


def test_the_password_is_on_no_command_line_and_in_a_private_file(server_settings):
    """Every user of the machine can read command lines."""
    password = server_settings.elasticsearch_password.get_secret_value()
    file = server_settings.state_dir / "elasticsearch" / "secrets" / "newswire"
    node = psutil.Process(read_report(server_settings.state_dir)["services"]["elasticsearch"]["pid"])

    assert file.read_text("utf-8") == password
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"-Dnewswire.password.file={file}" in node.cmdline()
    assert password not in " ".join(node.cmdline()) + str(node.environ())
