"""cluster puts tellings of one event together and keeps the events of a busy subject apart."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from consumers.cluster import STAGE
from consumers.cluster.words import read_article_words
from newswire.settings import Settings
from newswire.stage import Record
from schemas.messages import Article, DeduplicatedArticle, StoryChanged

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HARBOUR = (
    "Ferry runs aground off Port Halden",
    (
        "A ferry with 212 people on board ran aground off Port Halden early on Tuesday, and all passengers were "
        "brought ashore by lifeboats, the coast guard said. The Marenka had left Tolsund shortly after five in the "
        "morning when it struck the Grey Skerries in thick fog. Captain Ilse Varga told harbour radio that the hull "
        "was holding. Divers will look at the damage before the tide turns, coast guard spokesman Piet Oster said."
    ),
)
HARBOUR_AGAIN = (
    "Passengers rescued as Marenka hits rocks in fog",
    (
        "Lifeboats brought all 212 passengers of the ferry Marenka to safety on Tuesday after it hit rocks in thick "
        "fog near Port Halden. The ship was on its way from Tolsund when it came to lie on the Grey Skerries. The hull "
        "was holding, Captain Ilse Varga said by radio. Piet Oster of the coast guard said divers would inspect the "
        "damage as soon as the tide allowed it."
    ),
)
COUNCIL = (
    "Council puts off vote on school by the river",
    (
        "The council of Port Halden put off a vote on the new school by the river on Tuesday, because the costs are "
        "not settled. Mayor Runa Adler had asked for 14 million crowns; the opposition wants a cheaper building "
        "without a swimming pool. Parents had gathered in front of the town hall with drums and banners. A new date is "
        "to be set in the spring session, the chair of the committee, Olaf Brandt, said."
    ),
)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Desk:
    """Hands articles to one state and remembers what it announced."""

    def __init__(self):
        self.state = STAGE.new_state(Settings())
        self.stories = []
        self.count = 0

    def take(self, name, text, *, day=0.0, title=None, **fields):
        seen = BEGIN + dt.timedelta(days=day, minutes=self.count)
        value = DeduplicatedArticle(
            **{
                "article_id": digest(name),
                "url_id": digest(name),
                "url": f"https://{name}.example/",
                "canonical_url": f"https://{name}.example/",
                "source": name,
                "outlet": name,
                "host": f"{name}.example",
                "language": "en",
                "title": text[0] if title is None else title,
                "body": text[1],
                "content_hash": digest(name),
                "fetched_at": seen,
                "first_seen_at": seen,
                "verdict": "new",
                "version": 1,
            }
            | fields
        )
        self.count += 1
        answers = self.state.decide(
            Record(STAGE.reads.name, 0, self.count, int(seen.timestamp() * 1000), None, value, {})
        )
        self.stories += [out.value for out in answers if isinstance(out.value, StoryChanged)]
        return next(out.value for out in answers if isinstance(out.value, Article))


@pytest.fixture
def desk():
    return Desk()


def test_two_tellings_of_one_event_share_a_story_and_another_event_there_does_not(desk):
    """The town is the same, the event is not; and the verdict says what counted."""
    first = desk.take("gazette", HARBOUR)
    second = desk.take("herald", HARBOUR_AGAIN)
    other = desk.take("mirror", COUNCIL)
    assert second.story_id == first.article_id
    assert other.story_id == other.article_id
    assert second.scores["story"] >= 0
    assert "reports the same event as" in second.reasons[-1]


def test_the_story_is_called_by_a_headline_and_never_by_nothing(desk):
    """An article without a title lends none; the next one with a title does."""
    desk.take("gazette", HARBOUR, title="")
    desk.take("herald", HARBOUR_AGAIN)
    assert [story.headline for story in desk.stories] == ["", HARBOUR_AGAIN[0]]


def test_a_story_closes_four_days_after_its_last_member(desk):
    """The same words, later than that, are about something else."""
    first = desk.take("gazette", HARBOUR)
    assert desk.take("herald", HARBOUR, day=3.9).story_id == first.story_id
    assert desk.take("mirror", HARBOUR, day=8.1).story_id != first.story_id


def test_a_copy_joins_without_a_look_at_its_words(desk):
    """Dedupe knows better, and the copy adds nothing to what the story is about."""
    first = desk.take("gazette", HARBOUR)
    copy = desk.take("herald", COUNCIL, copy_of=first.article_id, copy_tier="copy")
    own = desk.take("mirror", COUNCIL)
    assert copy.story_id == first.story_id
    assert own.story_id == own.article_id


def test_an_unbelievable_date_of_publication_does_not_part_a_story(desk):
    """A page dated 2093 is placed by when it was first seen."""
    first = desk.take("gazette", HARBOUR)
    found = desk.take("herald", HARBOUR_AGAIN, published_at=BEGIN.replace(year=2093))
    assert found.story_id == first.story_id


def test_a_changed_headline_is_announced(desk):
    """The story's name follows a correction of the article that gave it."""
    desk.take("gazette", HARBOUR)
    desk.take("gazette", HARBOUR, title="Ferry Marenka runs aground", verdict="revision", version=2)
    assert [story.revision for story in desk.stories] == [1, 2]
    assert desk.stories[-1].headline == "Ferry Marenka runs aground"


def test_names_are_words_with_a_capital_inside_a_sentence():
    """The first word of a sentence is no name for its capital alone."""
    words = read_article_words("", "Yesterday the Marenka left. Marenka's crew waved. Nobody slept.", "en")
    assert sorted(words.names.tolist())[-2:] == [0, 2]


def test_other_scripts_have_terms():
    """Writing without blanks is cut into pairs of signs."""
    assert len(read_article_words("橋を架け替え", "港町の市議会は古い橋を架け替える計画を承認した。", "ja").ids) > 10
    assert len(read_article_words("", "وافق مجلس المدينة على الخطة", "ar").ids) == 5


def test_a_late_article_still_finds_its_story(desk):
    """Published within the window and seen days later, it is placed by its own date."""
    first = desk.take("gazette", HARBOUR)
    late = desk.take("herald", HARBOUR_AGAIN, day=4.5, published_at=BEGIN + dt.timedelta(days=1))
    assert late.story_id == first.story_id


def test_a_very_short_article_joins_only_what_names_the_same(desk):
    """A flash of one sentence belongs to its event, and none to another one in the same town."""
    first = desk.take("gazette", HARBOUR)
    flash = desk.take("wire", ("Ferry Marenka aground off Port Halden", "Lifeboats are on their way."))
    other = desk.take("mirror", ("Town band of Port Halden seeks trombone", "Nobody has come forward yet."))
    assert flash.story_id == first.story_id
    assert other.story_id == other.article_id


def test_an_article_without_a_title_is_placed_by_its_opening(desk):
    """A missing headline takes nothing away from what the text says."""
    first = desk.take("gazette", HARBOUR)
    untitled = desk.take("herald", HARBOUR_AGAIN, title="")
    assert untitled.story_id == first.story_id


MARKET = (
    "Shares in Norhaven close {0} per cent higher",
    (
        "The Norhaven index closed {0} per cent higher at {1} points on {2}. Turnover reached {3} million crowns. "
        "Of the shares in the index, {4} gained and {5} lost. {6} led the list and rose {7} per cent to {8} crowns. "
        "The weakest share was {9}, down {10} per cent. The yield on ten-year government bonds stood at {11} per cent."
    ),
)


def report(*facts):
    return tuple(text.format(*facts) for text in MARKET)


def test_reports_from_one_mould_are_no_story(desk):
    """Two days on one market, told by one outlet in the same words, differ in names and numbers, hence in event."""
    days = (
        report(2.2, "6,118", "Monday", 412, 33, 6, "Carrow Homes", 6.8, 41.3, "Crown Savings", 2.1, 2.88),
        report(0.3, "6,137", "Tuesday", 288, 25, 14, "Aske Carbon", 1.9, 9.44, "Orrin Brewers", 3.3, 2.91),
    )
    told = [
        desk.take(f"m{day}", text, day=day, host="market.example", source="market") for day, text in enumerate(days)
    ]
    assert told[0].story_id != told[1].story_id


EXAMPLES = {
    "ja": (
        (
            "塩見港でフェリー座礁、乗客二百人救助",
            "塩見港の沖合で火曜日の朝、フェリー「まれんか丸」が濃霧の中で座礁した。",
        ),
        (
            "フェリーまれんか丸が座礁、塩見港沖の濃霧で",
            "濃霧の塩見港沖でフェリーまれんか丸が座礁し、乗客は救命艇で救助された。",
        ),
        ("市議会が新しい図書館の予算を可決", "市議会は月曜日、新しい図書館を建てるための予算を全会一致で可決した。"),
    ),
    "ar": (
        (
            "جنوح عبارة مارينكا قرب ميناء هالدن",
            "جنحت العبارة مارينكا صباح الثلاثاء قرب ميناء هالدن وسط ضباب كثيف وأنقذ الركاب.",
        ),
        (
            "إنقاذ ركاب العبارة مارينكا قرب هالدن",
            "أنقذت زوارق النجاة ركاب العبارة مارينكا بعد جنوحها وسط ضباب كثيف قرب ميناء هالدن.",
        ),
        (
            "مجلس المدينة يقر ميزانية المكتبة",
            "أقر مجلس المدينة يوم الاثنين بالإجماع ميزانية بناء المكتبة الجديدة قرب النهر.",
        ),
    ),
}


@pytest.mark.parametrize("language", EXAMPLES)
def test_scripts_without_blanks_or_capitals_have_stories_too(desk, language):
    """Pairs of signs and words without capitals tell events together and apart as English words do."""
    told = [desk.take(f"{language}{n}", text, language=language) for n, text in enumerate(EXAMPLES[language])]
    assert told[1].story_id == told[0].story_id
    assert told[2].story_id == told[2].article_id


def test_languages_never_share_a_story(desk):
    """The same words in two languages are compared with neither."""
    first = desk.take("gazette", HARBOUR)
    other = desk.take("herald", HARBOUR, language="de")
    assert other.story_id != first.story_id


def test_a_revision_keeps_the_reasons_for_its_story(desk):
    """A corrected article still says why it stands where it stands."""
    desk.take("gazette", HARBOUR)
    first = desk.take("herald", HARBOUR_AGAIN)
    corrected = desk.take("herald", HARBOUR_AGAIN, verdict="revision", version=2)
    assert corrected.scores == first.scores
    assert corrected.reasons == first.reasons
