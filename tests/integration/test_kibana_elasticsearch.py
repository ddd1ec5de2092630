"""What each panel asks, sent to a real Elasticsearch that holds the demo press and what became of its addresses."""

from __future__ import annotations

import datetime as dt
import random
import secrets

import pytest

from consumers import cluster, dedupe
from consumers.index.indexer import ArticleIndexer
from consumers.record.recorder import Recorder
from kibana.boards import BOARDS
from kibana.columns import AtLeast, Measure, Terms
from kibana.panel_types import HeatMap, Listing, Text
from newswire.clock import SystemClock
from newswire.demo.press.content import read_press
from newswire.demo.press.desk import edit_press
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.kafka.dead_letters import dead_letter_headers
from newswire.settings import Settings
from newswire.stage import Record, Reject
from newswire.testing.clock import FrozenClock
from newswire.testing.press_articles import make_parsed_press_article
from schemas.messages import FetchOutcome
from schemas.topics import FETCH_OUTCOMES

pytestmark = pytest.mark.servers

EPOCH = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
PANELS = [panel for board in BOARDS for panel in board.panels() if not isinstance(panel, Text)]
CHARTS = [panel for panel in PANELS if not isinstance(panel, Listing)]
SPANS = {"auto": "3h", "h": "1h"}  # Kibana chooses `auto` itself and asks for a fixed span
SILENT = "gone-quiet"


def decide(press, folder):
    """Let dedupe and cluster decide on both phases of the press, a partition a language; return what they announce."""
    arrivals = [(telling, phase) for phase in (0, 1) for telling in press if telling.at(phase)]
    partitions, announced = {}, []
    for number, (telling, phase) in enumerate(arrivals):
        language = telling.outlet.language
        settings = Settings(state_dir=folder / language)
        if language not in partitions:
            partitions[language] = dedupe.STAGE.new_state(settings), cluster.STAGE.new_state(settings)
        copies, events = partitions[language]
        article = make_parsed_press_article(telling, phase, EPOCH + dt.timedelta(minutes=number))
        for out in copies.decide(record(dedupe.STAGE.reads.name, number, article)):
            announced += events.decide(record(cluster.STAGE.reads.name, number, out.value))
    return announced


def record(topic, number, value):
    return Record(topic, 0, number, int(EPOCH.timestamp() * 1000) + number, None, value)


def outcomes(press):
    """Return what a crawl of the press tells of its attempts: pages, lists every hour, and things that go wrong."""
    chance = random.Random(5)  # noqa: S311 - the same every time
    for number, telling in enumerate(press):
        yield attempt(telling.outlet.id, "page", number, outcome="fetched", status=200, seconds=chance.uniform(0.05, 2))
    for number, hour in enumerate(range(24)):
        for source in ("harbour-courier", SILENT):
            new = 0 if source == SILENT and hour > 3 else chance.randrange(1, 9)
            if hour != 10:
                yield attempt(source, "feed", hour * 60 + number, outcome="fetched", status=200, new_urls=new)
    yield attempt("harbour-courier", "page", 1501, outcome="failed", reason="http-503", status=503)
    yield attempt("harbour-courier", "page", 1502, outcome="refused", reason="robots")


def attempt(source, kind, minute, **told):
    at = EPOCH + dt.timedelta(minutes=minute)
    address = f"https://{source}.example/{kind}/{minute}"
    return FetchOutcome(source=source, outlet=source, host=f"{source}.example", kind=kind, url=address, at=at, **told)


class _Raw:
    headers = ()
    partition = 0

    def __init__(self, offset):
        self.offset = offset


def letters():
    """Return dead letters as the stages send them: an expected refusal, and one that is a fault."""
    refusals = (
        ("parse", Reject("listing", "a page of links", is_poison=False)),
        ("index", Reject("document-refused", "x")),
    )
    for offset, (stage, reject) in enumerate(refusals):
        headers = {
            name: text.decode() for name, text in dead_letter_headers(stage, "articles", _Raw(offset), reject, EPOCH)
        }
        value = b'{"source": "harbour-courier", "url": "https://harbour-courier.example/a"}'
        yield Record(f"{stage}-dlq", 0, offset, 0, None, value, headers)


@pytest.fixture(scope="module")
def ask(server_settings, tmp_path_factory):
    """Send a request to the indexes of a view."""
    prefix = f"t{secrets.token_hex(4)}"
    settings = server_settings.model_copy(update={"index_prefix": prefix})
    sync_templates(settings)
    press = edit_press(read_press(), EPOCH)
    told = decide(press, tmp_path_factory.mktemp("decided"))
    with open_elasticsearch(settings) as client:
        for batch in (told[: len(told) // 2], told[len(told) // 2 :]):
            articles = [
                record(out.topic.name, n, out.value) for n, out in enumerate(batch) if out.topic.name == "articles"
            ]
            ArticleIndexer(client, prefix, SystemClock())(articles)
        Recorder(client, prefix, FrozenClock())(
            [record(out.topic.name, n, out.value) for n, out in enumerate(told) if out.topic.name == "stories"]
            + [record(FETCH_OUTCOMES.name, n, outcome) for n, outcome in enumerate(outcomes(press))]
            + [*letters()]
        )
        client.indices.refresh(index=f"{prefix}-*")
        yield lambda view, **request: client.search(index=f"{prefix}-{view.kind}", **request).body
        client.indices.delete(index=list(client.indices.get(index=f"{prefix}-*")))
        client.indices.delete_index_template(name=f"{prefix}-*")
        client.cluster.delete_component_template(name=f"{prefix}-*")


def condition(where):
    if where is None:
        return {"match_all": {}}
    if isinstance(where, AtLeast):
        return {"range": {where.field: {"gte": where.number}}}
    return {"terms": {where.field: list(where.values)}}


def query(panel):
    """What a panel takes, within the dashboard's range of time."""
    within = {"range": {panel.view.time: {"gte": EPOCH - 1000 * 24 * HOUR, "lt": EPOCH + 1000 * 24 * HOUR}}}
    return {"bool": {"filter": [within, condition(panel.where)]}}


def aggregations(chart):
    """What Kibana asks for a chart: its groups in one another, its measures in the innermost."""
    measures = {f"measure-{number}": measured(measure) for number, measure in enumerate(chart.measures)}
    asked = measures
    for group in reversed(chart.groups):
        key = f"measure-{getattr(group, 'by_measure', None)}"  # groups are sorted by what is measured in them
        beside = {key: measures[key]} if key in measures else {}
        asked = {"group": grouped(group, chart.measures) | {"aggs": beside | asked}}
    return asked


def grouped(group, measures):
    if not isinstance(group, Terms):
        least = 0 if group.has_empty else 1
        return {
            "date_histogram": {"field": group.field, "fixed_interval": SPANS[group.interval], "min_doc_count": least}
        }
    order = {"_key": "asc"}
    if group.by_measure is not None:
        order = {"_count" if measures[group.by_measure].operation == "count" else f"measure-{group.by_measure}": "desc"}
    return {"terms": {"field": group.field, "size": group.size, "order": order}}


NAMES = {"unique_count": "cardinality", "average": "avg"}


def measured(measure: Measure):
    """A measure as an aggregation, within its own condition."""
    match measure.operation:
        case "count":
            plain = {"filter": {"match_all": {}}}
        case "percentile":
            plain = {"percentiles": {"field": measure.field, "percents": [measure.percent]}}
        case "last_value":
            newest = {measure.newest_by: {"order": "desc"}}
            plain = {"top_hits": {"size": 1, "fields": [measure.field], "_source": False, "sort": [newest]}}
        case operation:
            plain = {NAMES.get(operation, operation): {"field": measure.field}}
    return plain if measure.where is None else {"filter": condition(measure.where), "aggs": {"inner": plain}}


def leaves(part):
    """Yield the innermost groups of an answer."""
    if "group" not in part:
        yield part
    else:
        for bucket in part["group"]["buckets"]:
            yield from leaves(bucket)


def value_of(answer):
    """Return a measure's number or text; None where it has none."""
    answer = answer.get("inner", answer)
    if "hits" in answer:
        return next((hit["fields"] for hit in answer["hits"]["hits"]), None)
    if "values" in answer:
        return next(iter(answer["values"].values()))
    return answer.get("value", answer.get("doc_count"))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.title)
def test_every_chart_has_something_to_show(ask, chart):
    """The server takes what the chart asks, answers with groups, and has a value for every measure."""
    answer = ask(chart.view, size=0, query=query(chart), aggs=aggregations(chart))
    found = list(leaves(answer["aggregations"]))
    assert found
    for number in range(len(chart.measures)):
        assert any(value_of(leaf[f"measure-{number}"]) for leaf in found), chart.measures[number]


@pytest.mark.parametrize("listing", [panel for panel in PANELS if isinstance(panel, Listing)], ids=lambda p: p.title)
def test_every_listing_has_documents_with_its_columns(ask, listing):
    """In order, and each column is filled in some document."""
    answer = ask(
        listing.view, size=500, query=query(listing), sort=[{listing.sort: listing.direction}], fields=[listing.sort]
    )
    hits = answer["hits"]["hits"]
    moments = [hit["fields"][listing.sort][0] for hit in hits]
    assert moments == sorted(moments, reverse=listing.direction == "desc")
    assert {column for hit in hits for column in hit["_source"]} >= set(listing.columns)


def test_silence_is_a_zero_and_an_hour_without_a_reading_is_blank(ask):
    """A source that was asked and had nothing new differs from one that nobody asked."""
    (chart,) = (chart for chart in CHARTS if isinstance(chart, HeatMap))
    (rows,) = ask(chart.view, size=0, query=query(chart), aggs=aggregations(chart))["aggregations"].values()
    cells = {
        bucket["key"]: {
            (dt.datetime.fromtimestamp(cell["key"] / 1000, dt.UTC) - EPOCH) // HOUR: cell
            for cell in bucket["group"]["buckets"]
        }
        for bucket in rows["buckets"]
    }
    assert list(cells) == sorted(cells), "by name, so that a source keeps its row"
    assert value_of(cells[SILENT][2]["measure-0"]) > 0
    assert value_of(cells[SILENT][20]["measure-0"]) == 0
    assert 10 not in cells[SILENT]
