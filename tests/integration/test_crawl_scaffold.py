"""`newswire sources add` and `check --online` against a real site."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from newswire.commands.sources import command
from newswire.sources.catalogue import read_source
from newswire.testing.site import SitePage

pytestmark = pytest.mark.servers

FRONT = """<!doctype html><html lang="de-AT"><head>
<title>Start - Der Bote</title><meta property="og:site_name" content="Der Bote">
<link rel="alternate" type="application/rss+xml" href="/rss">
<link rel="alternate" type="application/atom+xml" href="/dead">
</head><body>News</body></html>"""
NEWS = "<urlset><url><loc>{0}/b</loc></url><url><loc>{0}/c</loc></url></urlset>"


@pytest.fixture
def run(crawl, monkeypatch):
    """Run a command on the crawl's settings."""

    def run(*arguments):
        monkeypatch.setattr("newswire.commands.sources.settings", lambda: crawl.settings)
        return CliRunner().invoke(command, list(arguments))

    return run


def test_a_source_is_drafted_from_an_address_and_checked(crawl, run):
    """Name, language, feed and news sitemap are found; what does not answer is left out; the draft is a good source."""
    site, folder = crawl.site, crawl.settings.sources_dirs[0]
    site.set_feed("/a", path="/rss")
    site.pages |= {
        "/": SitePage(FRONT),
        "/robots.txt": SitePage(f"Sitemap: {site.url}/news-map.xml\nSitemap: {site.url}/everything.xml"),
        "/news-map.xml": SitePage(NEWS.format(site.url)),
    }
    added = run("add", site.url, "--id", "bote")
    assert added.exit_code == 0, added.output
    source = read_source(folder / "bote.yml")
    assert (source.title, source.language, source.hosts) == ("Der Bote", "de", (site.host,))
    assert source.feeds == (f"{site.url}/rss",)
    assert source.sitemaps == (f"{site.url}/news-map.xml",)
    assert "exists" in str(run("add", site.url, "--id", "bote").exception)

    checked = run("check", "bote", "--online", "--json")
    assert checked.exit_code == 0
    assert [found["entries"] for found in json.loads(checked.stdout)["sources"][0]["lists"]] == [1, 2]
    site.pages["/rss"] = SitePage("closed", 503)
    assert run("check", "bote", "--online").exit_code == 1
    assert crawl.query("SELECT count(*) AS n FROM urls") == [{"n": 0}], "looking notes nothing"


def test_a_feed_may_be_named_itself_and_a_silent_site_says_so(crawl, run):
    """The address of a feed makes a source of that feed; a site without any list is an error with a way out."""
    crawl.site.set_feed("/a")
    added = run("add", f"{crawl.site.url}/feed.xml", "--id", "feed")
    assert added.exit_code == 0, added.output
    assert read_source(crawl.settings.sources_dirs[0] / "feed.yml").feeds == (f"{crawl.site.url}/feed.xml",)
    crawl.site.pages = {"/": SitePage("<html><body>nothing here</body></html>")}
    assert "by hand" in str(run("add", crawl.site.url, "--id", "none").exception)
    assert "http-404" in str(run("add", f"{crawl.site.url}/missing").exception)
