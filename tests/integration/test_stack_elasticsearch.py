"""What our launcher and plugin add to the published Elasticsearch jars."""

from __future__ import annotations

import ctypes.util

import pytest
from elasticsearch import Elasticsearch

pytestmark = pytest.mark.servers


@pytest.fixture
def client(servers):
    with Elasticsearch(servers.elasticsearch_url) as client:
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
