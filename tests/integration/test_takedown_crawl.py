"""An address that is taken down, seen by discover and fetch on a real site and crawl state."""

from __future__ import annotations

import pytest

from newswire.crawl.database import open_reader
from newswire.takedowns.crawl_state import enter, find_in_force, mark_undone
from newswire.testing.site import SitePage
from newswire.text.ids import url_id

pytestmark = pytest.mark.servers

HTML = b"<html><body><p>one"


def take_down(crawl, path="/a"):
    """Do in the crawl state what the command does there."""
    url = crawl.site.url + path
    values = {"article_id": url_id(url), "url_id": url_id(url), "url": url, "url_ids": [url_id(url)]}
    with open_reader(crawl.settings) as connection:
        return enter(connection, values | {"reason": "court order", "by": "desk"})


def test_an_address_taken_down_is_never_fetched_again(crawl):
    """Neither a list that names it, nor a changed one, nor a crawl of everything, nor a due time revives it."""
    crawl.site.pages["/a"] = SitePage(HTML)
    crawl.site.set_feed("/a")
    assert crawl.run()["fetched"] == 1
    take_down(crawl)
    crawl.site.pages["/a"] = SitePage(HTML + b" and two")
    crawl.discover(fresh=True)
    assert crawl.fetch() == {}
    crawl.query("UPDATE urls SET next_attempt_at = now()")
    assert crawl.fetch() == {}
    assert crawl.states() == {"/a": "taken-down(on-request)"}
    assert len(crawl.pages()) == 1


def test_an_address_that_is_found_after_its_takedown_is_never_fetched(crawl):
    """The crawl state may have been lost, or known the article by another address."""
    crawl.site.pages |= {"/a": SitePage(HTML), "/b": SitePage(HTML)}
    crawl.site.set_feed("/a", "/b")
    take_down(crawl)
    assert crawl.discover()["new"] == 1
    crawl.discover(fresh=True)
    assert crawl.fetch() == {"claimed": 1, "fetched": 1}
    assert crawl.states() == {"/a": "taken-down(on-request)", "/b": "fetched"}


def test_a_takedown_during_a_fetch_holds(crawl):
    """Whatever the end of the fetch, the address stays taken down and is not due."""
    paths = {"/whole": SitePage(HTML), "/gone": SitePage(b"", status=404), "/busy": SitePage(b"", status=503)}
    crawl.site.set_feed(*paths)
    crawl.discover()
    with open_reader(crawl.settings) as connection:
        connection.execute(
            "CREATE FUNCTION take_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "NEW.state = 'taken-down'; NEW.next_attempt_at = NULL; RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER claimed BEFORE UPDATE OF lease_until ON urls FOR EACH ROW "
            "WHEN (OLD.lease_until IS NULL AND NEW.lease_until IS NOT NULL) EXECUTE FUNCTION take_down()"
        )
    crawl.site.pages |= paths
    crawl.fetch()
    assert crawl.states() == dict.fromkeys(paths, "taken-down")
    assert crawl.query("SELECT 1 FROM urls WHERE next_attempt_at IS NOT NULL") == []


def test_an_undo_fetches_the_page_again_although_it_has_not_changed(crawl):
    """Its hash and validators are forgotten, so that the page counts as changed."""
    crawl.site.pages["/a"] = SitePage(HTML, etag='"1"')
    crawl.site.set_feed("/a")
    crawl.run()
    entry = take_down(crawl)
    with open_reader(crawl.settings) as connection:
        mark_undone(connection, entry, "desk")
        assert find_in_force(connection, [entry.article_id]) is None
    assert crawl.fetch() == {"claimed": 1, "fetched": 1}
    assert len(crawl.pages()) == 2
