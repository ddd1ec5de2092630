"""The parts that only Airflow calls: retry policy, the verdict of a run, requests and their trigger."""

from __future__ import annotations

import asyncio
import datetime as dt
from types import SimpleNamespace

import pytest

from newswire.errors import ConfigError, Retry, SiteError
from schemas.messages import CrawlRequest
from schemas.topics import CRAWL_REQUESTS

pytestmark = pytest.mark.usefixtures("airflow")


def request(source="paper", **values):
    asked = {"request_id": "1", "requested_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC), "requested_by": "desk"}
    return CrawlRequest(source=source, **(asked | values))


def payload_of(message):
    return CRAWL_REQUESTS.encode(message).decode()


def event_of(message, second=0):
    when = dt.datetime(2026, 11, 1, 12, 0, second, tzinfo=dt.UTC)
    return SimpleNamespace(extra={"from_trigger": True, "payload": payload_of(message)}, timestamp=when)


@pytest.mark.parametrize(
    ("error", "action", "seconds"),
    [
        (SiteError("gone", status=404), "fail", None),
        (SiteError("bad request", status=400), "fail", None),
        (SiteError("odd", status=499), "fail", None),
        (SiteError("odd", status=399), "default", None),
        (SiteError("slow down", status=429, retry_after=7), "retry", 7),
        (SiteError("slow down", status=429, retry_after=120), "retry", 120),
        (SiteError("slow down", status=503, retry_after=120.5), "fail", None),
        (SiteError("busy", status=503), "retry", 30),
        (SiteError("tomorrow", status=429, retry_after=86_400), "fail", None),
        (SiteError("broken", status=500), "default", None),
        (SiteError("unreachable"), "default", None),
        (ConfigError("no such source"), "fail", None),
        (Retry("Kafka is away"), "retry", 10),
        (RuntimeError("a bug"), "default", None),
    ],
    ids=str,
)
def test_a_failed_task_is_tried_again_only_where_that_can_help(error, action, seconds):
    """4xx and wrong settings are final; busy sites are obeyed, but not for longer than until the next run."""
    from newswire.airflow.retry_policy import PoliteRetry

    decision = PoliteRetry().evaluate(error, 1, 2)
    assert decision.action.value == action
    assert decision.retry_delay == (None if seconds is None else dt.timedelta(seconds=seconds))


def test_airflow_finds_the_policy_again():
    """The DAG is stored as JSON: the name written there must lead back to the class."""
    from airflow.sdk._shared.module_loading import import_string

    from newswire.airflow.retry_policy import PoliteRetry

    assert import_string(PoliteRetry().serialize()["__type"]) is PoliteRetry


class Instance:
    """A task instance as far as the closing task needs it."""

    def __init__(self):
        self.left = {}

    def xcom_push(self, *, key, value):
        """Keep what is left for others."""
        self.left[key] = value


def announce(expected, reports):
    from airflow.sdk.exceptions import AirflowException

    from newswire.airflow.run_summary import announce_crawl

    event, instance = SimpleNamespace(extra=None), Instance()
    try:
        announce_crawl(expected, reports, event, instance)
    except AirflowException as error:
        return type(error).__name__, event.extra, instance.left
    return "ok", event.extra, instance.left


def report(*done, failed=(), **counts):
    return {"done": list(done), "failed": dict.fromkeys(failed, "why"), "counts": counts}


@pytest.mark.parametrize(
    ("expected", "reports", "outcome"),
    [
        ({"hosts": 2}, [report("a", fetched=3)], "ok"),
        ({"hosts": 3}, [report("a", fetched=3)], "AirflowFailException"),
        ({"hosts": 3}, [report("a", "b", failed=["c"], fetched=1)], "ok"),
        ({"hosts": 3}, [report("a", failed=["b", "c"], fetched=1)], "AirflowFailException"),
        ({"hosts": 2}, [report("a", fetched=0), report("b", fetched=0)], "AirflowSkipException"),
        ({"hosts": 2}, [None, None], "AirflowFailException"),
        ({"hosts": 0}, [], "AirflowFailException"),
    ],
)
def test_a_run_is_judged_honestly(expected, reports, outcome):
    """More than half failed: red. Nothing new: skipped, without an event. Half or less failed: announced, and green."""
    verdict, event, left = announce(expected, {"hosts": reports})
    assert verdict == outcome
    assert (event is not None) == (outcome == "ok")
    assert left["counts"]["failed"]["hosts"] == expected["hosts"] - sum(len(r["done"]) for r in reports if r)


def test_sources_and_hosts_are_judged_apart():
    """Hosts that answer do not make up for feeds that do not: nothing new would ever be found."""
    reports = {"sources": [report("a")], "hosts": [report("x", fetched=9)]}
    assert announce({"sources": 3, "hosts": 1}, reports)[0] == "AirflowFailException"


def test_messages_that_came_together_are_one_request_for_each_source():
    """Runs and messages differ in number: all coalesced messages are handled, and the widest request wins."""
    from newswire.airflow.crawl_requests import merge_requests

    asked = [request("b", limit=5), request("a"), request("b", limit=9, fresh=True)]
    crawls = merge_requests({"sources": ["ignored"], "limit": 1, "fresh": False}, map(payload_of, asked))
    assert crawls == [
        {"source": "a", "limit": 50, "fresh": False},
        {"source": "b", "limit": 9, "fresh": True},
    ]


def test_a_run_answers_messages_that_airflow_stored_without_waking_it():
    """Events that came after the first one and were left without a run are taken along, each once."""
    from newswire.airflow.crawl_requests import read_payloads

    first, second, third = (event_of(request("a", request_id=str(n)), n) for n in (1, 2, 3))
    stored = SimpleNamespace(
        after=lambda since: [e for e in (first, second, third) if e.timestamp.isoformat() >= since]
    )
    payloads = [event.extra["payload"] for event in (first, second, third)]
    assert read_payloads([first], stored) == payloads
    assert read_payloads([third], stored) == payloads[2:]
    assert read_payloads([], stored) == []


def test_the_form_counts_when_no_message_woke_the_run():
    """From the form and the REST API the parameters come as they are; without a source they are refused."""
    from newswire.airflow.crawl_requests import merge_requests

    form = {"sources": ["b", "a"], "limit": 7, "fresh": True}
    assert [crawl["source"] for crawl in merge_requests(form, [])] == ["a", "b"]
    with pytest.raises(ConfigError, match="no source chosen"):
        merge_requests(form | {"sources": []}, [])


def test_the_trigger_wakes_for_good_messages_and_survives_bad_ones():
    """Broken JSON, bytes that are not text, a tombstone, a request for 9000 articles: rejected; the next one counts."""
    from newswire.airflow.crawl_requests import request_trigger
    from newswire.settings import Settings

    good = CRAWL_REQUESTS.encode(request("paper"))
    too_many = good.replace(b'"limit":50', b'"limit":9000')
    assert too_many != good

    async def stream():
        for value in (b"{", b"\xff\xfe", None, b"[]", too_many, good):
            yield value

    async def collect():
        trigger = request_trigger(Settings(topic_prefix="t-"))
        return [event.payload async for event in trigger.filter_shared_stream(stream())]

    assert asyncio.run(collect()) == [good.decode()]


def test_the_triggerer_builds_our_trigger_again():
    """The stored trigger names our class, this pipeline's topic and the connection of the stack."""
    from airflow.sdk._shared.module_loading import import_string

    from newswire.airflow.crawl_requests import CrawlRequestTrigger, request_trigger
    from newswire.settings import Settings

    path, arguments = request_trigger(Settings(topic_prefix="t-")).serialize()
    assert import_string(path) is CrawlRequestTrigger
    again = import_string(path)(**arguments)
    assert (again.topics, again.kafka_config_id) == (["t-crawl-requests"], "kafka_crawl_requests")


def test_a_batch_reports_what_failed_and_fails_when_most_of_it_did():
    """One bad host of three is a line in the report; two are the task's failure, so that it is tried again."""
    from newswire.airflow.crawl_tasks import run_batch

    def work(host):
        if host.startswith("bad"):
            raise SiteError(f"{host} is down", status=503)
        return {"fetched": 2}

    report = run_batch(["a", "bad", "c"], work)
    assert report == {"done": ["a", "c"], "failed": {"bad": "bad is down"}, "counts": {"fetched": 4}}
    with pytest.raises(SiteError):
        run_batch(["a", "bad1", "bad2"], work)


def test_a_bug_in_the_crawl_fails_the_task():
    """Only errors that we foresee concern one member: anything else must be seen."""
    from newswire.airflow.crawl_tasks import run_batch

    with pytest.raises(ZeroDivisionError):
        run_batch(["a", "b", "c"], lambda member: {"fetched": 1 // (member != "b")})
