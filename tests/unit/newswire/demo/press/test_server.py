"""The press's server: conditional requests, lies, refusals, phases, and the same pages after a restart."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time

import httpx
import pytest
import zstandard

from newswire.demo.press.server import Newsroom, bind, serve
from newswire.demo.press.site import LYING_ETAG
from newswire.demo.press.sources import write_sources
from newswire.demo.press.state import PressState
from newswire.demo.truth import load_truth
from newswire.errors import StackError
from newswire.settings import Settings
from newswire.sources.catalogue import load_catalogue


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return PressState(tmp_path_factory.mktemp("press"))


@pytest.fixture(scope="module")
def newsroom(state):
    with serve(state) as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def browser():
    with httpx.Client(trust_env=False) as browser:
        yield browser


@pytest.fixture
def client(newsroom, browser):
    yield browser
    newsroom.state.set_phase(0)


def base(newsroom, outlet):
    return f"http://{newsroom.press.outlets[outlet].address}:{newsroom.port}"


def article_url(newsroom, key):
    sites = newsroom.sites.values()
    return next(site.base + article.path for site in sites for article in site.articles if article.key == key)


def test_page_is_not_sent_twice(newsroom, client):
    """ETag and Last-Modified each earn a 304; another ETag goes before the date and earns the page."""
    url = article_url(newsroom, "corvane/askholm-dam-seepage")
    first = client.get(url)
    assert first.status_code == 200
    for asked in ({"If-None-Match": first.headers["ETag"]}, {"If-Modified-Since": first.headers["Last-Modified"]}):
        again = client.get(url, headers=asked)
        assert (again.status_code, again.content) == (304, b"")
    both = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get(url, headers=both).status_code == 200


def test_correction_comes_with_its_phase(newsroom, client):
    """In phase 1 a corrected page has another text and ETag, announced by the feed; in phase 0 it is unchanged."""
    url = article_url(newsroom, "valmere-herald/night-in-the-tram-depot")
    before = client.get(url)
    feed = client.get(base(newsroom, "valmere-herald") + "/feed.xml").text
    response = client.post(base(newsroom, "corvane") + "/__press/phase", content="1")
    assert response.json() == {"phase": 1}
    after = client.get(url, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "Correction:" in after.text
    assert "Correction:" not in before.text
    assert client.get(base(newsroom, "valmere-herald") + "/feed.xml").text != feed


def test_late_article_appears(newsroom, client):
    """An article of phase 1 is a 404 before."""
    url = article_url(newsroom, "eastwold-post/wrenmoor-fire-rain-may-help")
    assert client.get(url).status_code == 404
    newsroom.state.set_phase(1)
    assert client.get(url).status_code == 200


def test_feed_lies(newsroom, client):
    """The feed with a wrong ETag responds 304 although there is news, and sends it without validators."""
    url = base(newsroom, "eastwold-post") + "/feed.xml"
    before = client.get(url).text
    newsroom.state.set_phase(1)
    assert client.get(url, headers={"If-None-Match": LYING_ETAG}).status_code == 304
    assert client.get(url).text != before


def test_busy_page_asks_for_patience_and_then_serves(newsroom, client):
    """429 with Retry-After until that time has passed, then the page."""
    url = article_url(newsroom, "ledger-and-line/halden-shares-jump-on-furnace-closure")
    first = client.get(url)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    refused_at = time.monotonic()
    while (answer := client.get(url)).status_code == 429:
        assert time.monotonic() < refused_at + 5
    assert answer.status_code == 200
    assert time.monotonic() - refused_at > 0.9


def test_moved_page_redirects_to_its_article(newsroom, client):
    """The announced address answers 301 with the canonical one."""
    answer = client.get(base(newsroom, "corvane") + "/breaking/wrenmoor-fire")
    assert answer.status_code == 301
    assert answer.headers["Location"] == article_url(newsroom, "corvane/wrenmoor-forest-fire")


def test_print_version_names_its_canonical_address(newsroom, client):
    """The print version has the article's text and its canonical link."""
    url = article_url(newsroom, "tessaly-gazette/furnace-to-close")
    answer = client.get(base(newsroom, "tessaly-gazette") + "/print.php?id=771204")
    assert answer.content == client.get(url).content
    assert f'HREF="{url}"' in answer.text


@pytest.mark.parametrize(
    ("outlet", "path", "status"),
    [
        ("harbour-courier", "/news/harbour-office-hours-188201.html", 404),
        ("eastwold-post", "/region/church-fete-programme", 410),
        ("mill-street-mirror", "/go/partner-offer", 302),
        ("mill-street-mirror", "/robots.txt", 404),
        ("harbour-courier", "/robots.txt", 200),
        ("harbour-courier", "/", 200),
        ("touchline", "/feed.xml", 404),
        ("touchline", "/sitemap-news.xml", 200),
    ],
)
def test_addresses_answer_as_they_should(newsroom, client, outlet, path, status):
    """Each odd response and each list has its status."""
    assert client.get(base(newsroom, outlet) + path).status_code == status


def test_rogues_are_as_large_as_they_claim(newsroom, client):
    """The large page is over ten megabytes, the bomb is small and unpacks to more; a hang-up hurts nobody."""
    mirror = base(newsroom, "mill-street-mirror")
    with client.stream("GET", mirror + "/notices/the-small-print") as answer:
        assert int(answer.headers["Content-Length"]) > 10_000_000
    with client.stream("GET", mirror + "/notices/archive-in-full") as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 1_000_000
    assert len(gzip.decompress(packed)) > 30_000_000
    heavy = client.get(article_url(newsroom, "harbour-courier/wrenmoor-fire-held-at-county-road"))
    assert 1_400_000 < len(heavy.content) < 1_700_000
    assert len(zstandard.compress(heavy.content)) > 700_000


def test_charsets_are_declared_as_said_or_not_at_all(newsroom, client):
    """The header names a charset only where the outlet declares it there; the bytes are in the outlet's charset."""
    german = client.get(article_url(newsroom, "brunnhafen-tagblatt/robbe-im-schwimmbad"))
    assert german.headers["Content-Type"] == "text/html; charset=windows-1252"
    assert "Nächte" in german.content.decode("windows-1252")
    french = client.get(article_url(newsroom, "quotidien-orle/orgue-de-papier"))
    assert french.headers["Content-Type"] == "text/html"
    assert b"charset" not in french.content
    assert "lèvres" not in french.content.decode("iso-8859-1")
    assert "bouche fermée" in french.content.decode("iso-8859-1")


def test_every_request_is_logged_with_its_time(newsroom, client):
    """The access log has host, path, agent, status and a monotonic time of each request."""
    before = newsroom.state.access_log.read_text().count("\n")
    client.get(base(newsroom, "seebote") + "/nope?x=1", headers={"User-Agent": "tester"})
    line = json.loads(newsroom.state.access_log.read_text().splitlines()[before])
    assert (line["path"], line["status"], line["agent"], line["method"]) == ("/nope?x=1", 404, "tester", "GET")
    assert line["host"] == base(newsroom, "seebote").removeprefix("http://")
    assert abs(line["monotonic"] - time.monotonic()) < 10


@pytest.mark.parametrize("body", ["", "minus one", "-1"])
def test_phase_must_be_a_number(newsroom, client, body):
    """Nonsense is refused and changes nothing."""
    answer = client.post(base(newsroom, "corvane") + "/__press/phase", content=body)
    assert answer.status_code == 400
    assert newsroom.state.phase() == 0


def test_taken_port_is_told(newsroom, tmp_path):
    """A second press on the same port is an error, instead of serving half of its outlets."""
    other = Newsroom(newsroom.press, PressState(tmp_path))
    with pytest.raises(StackError, match=f"port {newsroom.port} of the demo press is taken"):
        bind(other, newsroom.port)
    other.log.close()


def test_sources_are_good(newsroom, tmp_path):
    """The written sources load, one for each outlet, with nothing broken."""
    paths = write_sources(tmp_path / "sources", newsroom.port)
    catalogue = load_catalogue(Settings(_env_file=None, sources_dirs=(tmp_path / "sources",)))
    assert not catalogue.broken
    assert set(catalogue.sources) == set(newsroom.press.outlets)
    assert len(paths) == len(newsroom.press.outlets)


def test_killed_press_comes_back_the_same(browser, tmp_path):
    """After kill -9 the press has the same port, epoch and pages, and the phase it was in."""
    state = PressState(tmp_path)
    process = _start(tmp_path)
    state.set_phase(1)
    url = next(iter(load_truth(tmp_path).articles))
    first = browser.get(url)
    process.kill()
    process.wait()
    process.stdout.close()
    again = _start(tmp_path)
    second = browser.get(url)
    assert (second.content, second.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert state.phase() == 1
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0
    again.stdout.close()


def _start(folder):
    command = [sys.executable, "-m", "newswire.demo.press", "--state", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("Corvane Press Agency: http://127.0.0.11:")
    return process
