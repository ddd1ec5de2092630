"""Whole runs of the DAGs on the real crawl: sites on loopback, PostgreSQL, Kafka; only the scheduler is left out."""

from __future__ import annotations

import json

import pytest

from newswire.testing.site import SitePage, open_site

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def topic_prefix(server_settings):
    """One set of topics for this file."""
    from newswire.kafka.topic_admin import apply_topics

    prefix = f"dags{id(server_settings)}-"
    apply_topics(server_settings.model_copy(update={"topic_prefix": prefix}))
    return prefix


@pytest.fixture
def site():
    with open_site() as opened:
        opened.set_feed("/a", "/b")
        yield opened


@pytest.fixture
def press(servers, topic_prefix, site, tmp_path, use_settings, airflow):
    """A crawl of that site, as Airflow's processes see it."""
    from newswire.crawl.migrate import migrate
    from newswire.stack.shared_settings import shared_settings, write_settings

    given = write_settings(shared_settings(servers))
    (tmp_path / "sources").mkdir()
    press = Press(
        use_settings(
            state_dir=tmp_path / "state",
            sources_dirs=tmp_path / "sources",
            **{name: text for name, text in given.items() if name.startswith(("kafka_", "postgres_"))},
            topic_prefix=topic_prefix,
            allow_private="127.0.0.0/8",
            fetch_timeout_seconds=2.0,
            host_delay_seconds=0.02,
        )
    )
    migrate(press.settings)
    press.write_source("paper", site.url)
    return press


class Press:
    """Sources, runs of DAGs, and what the runs left."""

    def __init__(self, settings):
        self.settings = settings

    def write_source(self, name, url, **values):
        """Write a source whose feed is the site's."""
        values = {"title": f"The {name}", "owner": "tests", "tier": "15m", "feeds": [f"{url}/feed.xml"]} | values
        (self.settings.sources_dirs[0] / f"{name}.yml").write_text(json.dumps(values), "utf-8")

    def run(self, dag_id, **conf):
        """Run a DAG to its end."""
        from airflow.dag_processing.dagbag import DagBag

        dag = DagBag(dag_folder=self.settings.dags_dir).dags[dag_id]
        dag.deadline = None  # only a scheduler and a triggerer can keep one
        for task in dag.tasks:
            task.retries = 0
        return Run(dag.test(run_conf=conf or None))

    def pages(self, url):
        """Return the addresses of a site in `fetched-pages`, sorted."""
        from newswire.kafka.reader import read_topic
        from schemas.topics import FETCHED_PAGES

        urls = [FETCHED_PAGES.decode(raw.value).url for raw in read_topic(self.settings, "fetched-pages")]
        return sorted(found.removeprefix(url) for found in urls if found.startswith(url))


class Run:
    """A run that has ended."""

    def __init__(self, dag_run):
        self.state = str(dag_run.state)
        self.tasks = {(ti.task_id, ti.map_index): ti for ti in dag_run.get_task_instances()}
        self.totals = dag_run.get_task_instance("announce").xcom_pull("announce", key="counts")

    def states(self, task_id):
        """Return the states of a task's instances, sorted."""
        return sorted(str(ti.state) for (name, _), ti in self.tasks.items() if name == task_id)

    def labels(self, task_id):
        """Return what the grid shows for each instance, sorted."""
        return sorted(ti.rendered_map_index for (name, _), ti in self.tasks.items() if name == task_id)


def events_of(run):
    """Return the extras of the run's asset events."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    run_id = next(iter(run.tasks.values())).run_id
    with create_session() as session:
        return [event.extra for event in session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run_id))]


def test_a_tier_run_brings_new_articles_to_kafka_and_tells_it_once(press, site):
    """Discover, fetch, announce: the pages are in the topic, and one asset event carries the counts."""
    with open_site() as second:
        second.set_feed("/c")
        press.write_source("gazette", second.url)
        run = press.run("crawl_15m")
        assert run.state == "success"
        assert run.labels("discover") == ["The gazette", "The paper"]
        assert run.labels("fetch") == sorted([site.host, second.host])
        assert press.pages(site.url) == ["/a", "/b"]
        assert press.pages(second.url) == ["/c"]
    assert run.totals["counts"]["fetched"] == 3
    assert run.totals["done"] == {"sources": 2, "hosts": 2}
    assert [event["fetched"] for event in events_of(run)] == [3]


def test_a_run_without_news_is_green_and_announces_nothing(press, site):
    """The second run finds nothing new: no event, so nothing downstream wakes."""
    press.run("crawl_15m")
    run = press.run("crawl_15m")
    assert run.state == "success"
    assert run.states("announce") == ["skipped"]
    assert run.totals["counts"].get("fetched", 0) == 0
    assert events_of(run) == []
    assert press.pages(site.url) == ["/a", "/b"]


def test_one_dead_outlet_of_three_is_a_red_square_in_a_green_run(press, site):
    """The failed source is red and named; the others are crawled and the run succeeds."""
    with open_site() as second, open_site() as dead:
        second.set_feed("/c")
        press.write_source("gazette", second.url)
        press.write_source("ghost", dead.url)
        dead.pages["/feed.xml"] = SitePage("gone", 404)
        run = press.run("crawl_15m")
        assert run.states("discover") == ["failed", "success", "success"]
        assert run.state == "success"
        assert run.totals["failed"] == {"sources": 1, "hosts": 0}
        assert press.pages(second.url) == ["/c"]


def test_a_run_in_which_most_outlets_failed_is_red(press, site):
    """Failed mapped tasks alone would leave the run green: the last task fails if most of them did."""
    site.pages["/feed.xml"] = SitePage("gone", 404)
    run = press.run("crawl_15m")
    assert run.state == "failed"
    assert run.states("announce") == ["failed"]
    assert events_of(run) == []


def test_several_sources_are_crawled_on_request(press, site):
    """The form takes several sources; one that does not exist fails alone and is named."""
    with open_site() as second:
        second.set_feed("/c")
        press.write_source("gazette", second.url, tier="daily")
        run = press.run("crawl_source", sources=["gazette", "nowhere", "paper"], limit=1)
        assert run.labels("crawl") == ["gazette", "nowhere", "paper"]
        assert run.states("crawl") == ["failed", "success", "success"]
        assert run.state == "success"
        assert run.totals["counts"]["fetched"] == 2
        assert len(press.pages(site.url)) == 1


def test_a_request_without_a_source_fails_with_its_reason(press):
    """An empty form is an error, and the run does not look as if it had crawled."""
    run = press.run("crawl_source")
    assert run.state == "failed"
    assert run.states("read_requests") == ["failed"]
