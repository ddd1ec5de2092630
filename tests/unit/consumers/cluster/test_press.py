"""In the demo press, whose truth is known, every family and story comes out exactly as written, in each language."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict

import pytest

from consumers import cluster, dedupe
from newswire.demo.press.content import read_press
from newswire.demo.press.desk import edit_press
from newswire.settings import Settings
from newswire.stage import Record
from newswire.testing.press_articles import make_parsed_press_article
from schemas.message_builder import make_id
from schemas.messages import Article

EPOCH = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
LANGUAGES = ["ar", "de", "en", "es", "fr", "ja"]


@pytest.fixture(scope="module")
def press():
    return edit_press(read_press(), EPOCH)


def record(stage, number, article):
    when = int(article.fetched_at.timestamp() * 1000)
    return Record(stage.reads.name, 0, number, when, None, article)


def groups(tellings, name_of):
    found = defaultdict(set)
    for telling in tellings:
        found[telling.outlet.language, name_of(telling)].add(telling.key)
    return sorted(map(sorted, found.values()))


def shuffle(press, seed):
    """Return the press's two phases as they may arrive: many hosts are crawled at once, in no order."""
    today = [(telling, 0) for telling in press if telling.at(0)]
    later = [(telling, 1) for telling in press if telling.at(1) != telling.at(0)]
    chance = random.Random(seed)  # noqa: S311 - the same order every time
    return chance.sample(today, len(today)) + chance.sample(later, len(later))


def decide(arrivals, folder):
    """Let dedupe and cluster decide, a partition a language; return each article's original and story."""
    partitions = {
        language: (dedupe.STAGE.new_state(Settings(state_dir=folder / language)), cluster.STAGE.new_state(Settings()))
        for language in LANGUAGES
    }
    originals, stories = {}, {}
    for number, (telling, phase) in enumerate(arrivals):
        copies, events = partitions[telling.outlet.language]
        article = make_parsed_press_article(telling, phase, EPOCH + dt.timedelta(seconds=number))
        for out in copies.decide(record(dedupe.STAGE, number, article)):
            is_copy = out.value.copy_tier in {"exact", "copy"}
            originals[out.value.article_id] = out.value.copy_of if is_copy else out.value.article_id
            for told in events.decide(record(cluster.STAGE, number, out.value)):
                if isinstance(told.value, Article):
                    stories[told.value.article_id] = told.value.story_id
    return originals, stories


@pytest.mark.parametrize("seed", range(12))
def test_families_and_stories_do_not_depend_on_the_order_of_arrival(press, seed, tmp_path):
    """Whichever copy is first, and whoever tells first, the same articles end up together."""
    originals, stories = decide(shuffle(press, seed), tmp_path)
    assert groups(press, lambda telling: originals[make_id(telling.key)]) == groups(press, lambda t: t.family)
    assert groups(press, lambda telling: stories[make_id(telling.key)]) == groups(press, lambda t: t.story)
