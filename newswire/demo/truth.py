"""Work out what a run over the demo press must end with, from the press's content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

from newswire.demo.expectations import ExpectedArticle, ExpectedOutlet, ExpectedSearch, ExpectedUrl, Truth
from newswire.demo.press.content import OddResponse, Press, Search, read_press
from newswire.demo.press.desk import Edition, PressArticle
from newswire.demo.press.feeds import track
from newswire.demo.press.site import OutletSite, open_sites
from newswire.demo.press.state import PressState
from newswire.errors import ConfigError
from newswire.text.urls import normalise_url


def load_truth(state_dir: Path, phase: int | None = None) -> Truth:
    """Return the correct result for the press of a state directory, in its present phase or the given one.

    Raises:
        ConfigError: the press has never been started there.
    """
    state, press = PressState(state_dir), read_press()
    if not state.port():
        raise ConfigError(f"the demo press has not been started on {state_dir}; run: newswire demo run")
    now = state.phase() if phase is None else phase
    sites = open_sites(press, state.epoch(), state.port())
    outlets = {site.outlet.id: _expect_outlet(site, now) for site in sites.values()}
    known = {article.key: article.url for outlet in outlets.values() for article in outlet.articles}
    searches = tuple(_expect_search(search, known) for search in press.searches)
    return Truth(state.epoch(), now, outlets, searches, tuple(_boilerplate(press)))


def _expect_outlet(site: OutletSite, phase: int) -> ExpectedOutlet:
    shown = [(article, edition) for article in site.articles if (edition := article.at(phase))]
    articles = tuple(_expect_article(site, article, edition, phase) for article, edition in shown)
    urls = [url for article, _ in shown for url in _expect_urls(site, article)]
    urls += [_expect_odd_response(site, odd) for odd in site.odd_responses]
    return ExpectedOutlet(site.outlet.id, site.outlet.name, site.base, tuple(urls), articles)


def _expect_article(site: OutletSite, article: PressArticle, edition: Edition, phase: int) -> ExpectedArticle:
    coverage = article.coverage
    return ExpectedArticle(
        key=article.key,
        source=article.outlet.id,
        url=normalise_url(site.base + article.path),
        title=edition.title,
        paragraphs=edition.paragraphs,
        authors=coverage.authors,
        day=_expected_day(article),
        language=article.outlet.language,
        family=article.family,
        relation=coverage.relation,
        story=article.story,
        versions=sum(e.phase <= phase for e in article.editions),
    )


def _expected_day(article: PressArticle) -> dt.date | None:
    """Return the date in UTC, or the printed one if the page has no time; None if it has no date."""
    if article.coverage.dated == "nowhere":
        return None
    if article.coverage.dated == "text":
        return article.published.date()
    return article.published.astimezone(dt.UTC).date()


def _expect_urls(site: OutletSite, article: PressArticle) -> Iterator[ExpectedUrl]:
    coverage = article.coverage
    # A page that is fetched twice ends unchanged: under a second address, or after a crash.
    ends = ("indexed", "unchanged")
    why = "one article under two addresses" if coverage.print_path else "an article"
    for path in filter(None, (coverage.moved_from or article.path, coverage.print_path)):
        announced = track(path) if site.outlet.tracks_links else path
        yield ExpectedUrl(normalise_url(site.base + announced), ends, why)


def _expect_odd_response(site: OutletSite, odd: OddResponse) -> ExpectedUrl:
    return ExpectedUrl(normalise_url(site.base + odd.path), odd.ends, odd.kind)


def _expect_search(search: Search, known: Mapping[str, str]) -> ExpectedSearch:
    return ExpectedSearch(
        search.query, search.why, search.language, tuple(known[key] for key in search.finds if key in known)
    )


def _boilerplate(press: Press) -> Iterator[str]:
    """Yield the lines that must not be in any body."""
    for words in press.boilerplate.values():
        yield from (words.cookies, words.newsletter, words.comment, words.footer, *words.most_read_titles, *words.wall)
