"""dedupe finds what outlets do to agency copy, and leaves alone what only looks like it."""

from __future__ import annotations

import random

import pytest

from benchmarks.dedupe_model import make_article, make_record
from consumers.dedupe import STAGE
from newswire.settings import Settings
from newswire.text.fingerprint import Fingerprint, fingerprint, read_words

VOCABULARY = [f"{a}{b}" for a in ("mar", "tol", "ven", "sil", "gor", "pad", "rem", "nok") for b in "aeiouy"] + [
    f"{a}{b}{c}" for a in ("be", "ca", "do", "fi", "lu", "ne", "po", "ri", "su", "ta") for b in "lmnrst" for c in "aeo"
]


def prose(seed, sentences=12, words=14):
    """Sentences that no other seed shares."""
    chance = random.Random(seed)  # noqa: S311 - the same text every time
    return [" ".join(chance.choices(VOCABULARY, k=words)).capitalize() + "." for _ in range(sentences)]


class Desk:
    """Hands articles to one state, one minute apart."""

    def __init__(self, state):
        self.state = state
        self.count = 0

    def take(self, name, body, **fields):
        text = body if isinstance(body, str) else "\n\n".join(body)
        article = make_article(name, text, self.count, **fields)
        self.count += 1
        return self.state.decide(make_record(article, self.count, self.count * 60_000))[0].value


@pytest.fixture
def desk(tmp_path):
    return Desk(STAGE.new_state(Settings(state_dir=tmp_path)))


def edit(kind, report):
    other = prose("another desk")
    return {
        "as it is": report,
        "cut to half": report[: len(report) // 2],
        "own lead": [*other[:2], *report[:10]],
        "moved": [*report[6:], *report[:6]],
        "abridged": report[::2] + report[1::4],
        "other style": [s.replace("mara", "tolo").upper() for s in report],
    }[kind]


@pytest.mark.parametrize("kind", ["as it is", "cut to half", "own lead", "moved", "abridged", "other style"])
def test_an_edited_wire_report_is_a_copy_of_the_first_telling(desk, kind):
    """The house edits of another outlet do not hide where the text is from, and the verdict says why."""
    report = prose("wire", 20)
    first = desk.take("agency", report)
    found = desk.take("gazette", edit(kind, report))
    assert (found.copy_of, found.copy_tier) == (first.article_id, "copy")
    assert "5-word sequences appear in the earlier text" in found.reasons[0]
    assert found.scores["fivegrams"] > 0.6


def test_a_long_report_that_holds_another_is_kept_and_linked(desk):
    """Its own half would be lost if it were folded."""
    wire = prose("wire", 10)
    first = desk.take("agency", wire)
    found = desk.take("gazette", [*prose("own", 20), *wire, *prose("more", 14)])
    assert (found.copy_of, found.copy_tier) == (first.article_id, "derived")


def test_quotes_in_common_make_no_copy(desk):
    """Two reports of one speech share its quotes and are two reports."""
    quote = prose("quote", 2)
    desk.take("agency", [*prose("one", 14), *quote])
    found = desk.take("gazette", [*prose("two", 14), *quote])
    assert found.copy_of is None


def test_one_template_with_other_facts_is_another_article(desk):
    """Market reports agree in words and differ in numbers; the same numbers make a copy."""

    def report(seed):
        chance = random.Random(seed)  # noqa: S311 - the same text every time
        lines = ["the main index closed {} points higher at {} after trading {} shares in the session"] * 4
        return " ".join(line.format(*(chance.randint(100, 999) for _ in range(3))) + "." for line in lines)

    text = "Analysts of the exchange had expected less of a quiet day before the holiday, they said in a note."
    first = desk.take("agency", f"{report(1)} {text}")
    assert desk.take("gazette", f"{report(2)} {text}").copy_of is None
    assert desk.take("herald", f"{report(1)} {text} More follows.").copy_of == first.article_id


def test_hundreds_of_copies_have_one_original(desk):
    """What everybody prints is no stock phrase."""
    report = prose("wire", 16)
    first = desk.take("agency", report)
    found = [desk.take(f"outlet{n}", [*report, f"Printed at {n}."]) for n in range(120)]
    assert {article.copy_of for article in found} == {first.article_id}


def test_standing_text_of_an_outlet_is_no_likeness(desk):
    """A newsletter box under every article of a site makes them no copies of one another."""
    box = prose("newsletter box", 9)
    found = [desk.take(f"story{n}", [*prose(n, 6), *box], host="gazette.example") for n in range(6)]
    assert [article.copy_of for article in found[2:]] == [None] * 4


def test_a_copy_of_a_copy_points_to_the_original(desk):
    """There is one first telling, whoever a later outlet took it from."""
    report = prose("wire", 24)
    first = desk.take("agency", report)
    desk.take("gazette", [*report[:16], *prose("g", 3)])
    assert desk.take("herald", [*report[:14], *prose("g", 3)]).copy_of == first.article_id


def test_a_report_cut_at_two_ends_stays_one_family(desk):
    """What the first outlet left out, another may print; a third text shows that they are one."""
    report = prose("wire", 24)
    first = desk.take("gazette", report[:15])
    assert desk.take("herald", report).copy_of == first.article_id
    found = desk.take("mirror", report[12:])
    assert (found.copy_of, found.copy_tier) == (first.article_id, "copy")


def test_two_articles_are_never_copies_of_each_other(desk):
    """An original that takes over its copy's text later stays an original."""
    one, two = prose("one"), prose("two")
    desk.take("a", one)
    desk.take("b", two)
    assert desk.take("a", two).copy_of is None
    assert desk.take("b", one).copy_of == desk.take("a", one).article_id


def test_a_revision_says_how_much_is_new_and_is_judged_anew(desk):
    """A text that stops being a copy says so."""
    report = prose("wire")
    desk.take("agency", report)
    assert desk.take("gazette", report).copy_tier == "copy"
    found = desk.take("gazette", prose("own words"))
    assert (found.verdict, found.copy_of, found.scores["new"]) == ("revision", None, 1.0)


def test_short_and_empty_texts_are_told_apart(desk):
    """Under 60 words there is less to go by, and without a body only the title."""
    note = "The bridge over the Lome will stay closed until Friday, the town council said on Tuesday evening."
    other = "The bridge over the Sarn will open again on Monday, the district said after a check of the cables."
    first = desk.take("agency", note)
    assert desk.take("gazette", other).copy_of is None
    assert desk.take("herald", note + " More soon.").copy_of == first.article_id
    assert desk.take("mirror", "").copy_of is None
    assert desk.take("courier", "", title="").verdict == "new"


def test_late_copies_count_while_the_window_is_open(desk):
    """Twenty-nine days later a copy is still one; after the window nobody remembers."""
    report = prose("wire")
    first = desk.take("agency", report)
    for days, expected in ((29, first.article_id), (70, None)):
        article = make_article(f"late{days}", "\n\n".join(report), days)
        found = desk.state.decide(make_record(article, 100 + days, days * 24 * 3600 * 1000))[0].value
        assert found.copy_of == expected


def test_an_original_that_was_forgotten_and_comes_back_hides_nobody(desk):
    """Its copy still names it: the two must not point at each other, nor the search for the original go round."""
    report = "\n\n".join(prose("wire"))

    def take(name, day):
        article = make_article(name, report, day, title="One title", content_hash="5" * 32)
        return desk.state.decide(make_record(article, day, day * 24 * 3600 * 1000))[0].value

    first = take("agency", 0)
    assert take("gazette", 20).copy_of == first.article_id
    assert take("agency", 40).copy_of is None
    assert take("herald", 45).copy_of == first.article_id
    assert take("mirror", 46).copy_of == first.article_id


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "ja",
            "港町の市議会は火曜日、古い橋を架け替える計画を承認した。工事は来年の春に始まり、費用は四十億円と見込まれている。",
        ),
        (
            "ar",
            "وافق مجلس المدينة الساحلية يوم الثلاثاء على خطة لاستبدال الجسر القديم، وتبدأ الأعمال في الربيع المقبل.",
        ),
        ("th", "สภาเมืองท่าอนุมัติแผนสร้างสะพานใหม่เมื่อวันอังคาร งานจะเริ่มในฤดูใบไม้ผลิปีหน้าและใช้เงินสี่พันล้าน"),
    ],
)
def test_other_scripts_have_words_of_their_own(desk, language, text):
    """Copies are found in writing without blanks and from right to left too."""
    longer = text + text[::-1]
    first = desk.take("agency", longer, language=language)
    assert desk.take("gazette", longer[:-9], language=language).copy_of == first.article_id
    assert desk.take("herald", longer[::-2], language=language).copy_of is None


def test_a_verdict_does_not_depend_on_who_took_the_fingerprint(desk, tmp_path):
    """Without parse's fingerprint, or with a damaged one, dedupe takes it itself."""
    report = prose("wire")
    first = make_article("agency", "\n\n".join(report))
    fields = {name: getattr(first, name) for name in first.__struct_fields__}
    bare = [type(first)(**fields | {"fingerprint": packed}) for packed in (None, b"x" * 40)]
    answers = [STAGE.new_state(Settings(state_dir=tmp_path)).decide(make_record(a, 0)) for a in (first, *bare)]
    assert answers[0] == answers[1] == answers[2]


def test_house_style_folds_into_the_same_words():
    """Case, apostrophes, points and commas in numbers, and vowel marks are no difference."""
    assert list(read_words("The U.S. paid 1,000 to Anna\u2019s aunt").words) == list(
        read_words("the US paid 1000 to ANNA'S aunt").words
    )
    assert list(read_words("مُحَمَّد", "ar").words) == list(read_words("محمد", "ar").words)


def test_a_fingerprint_survives_its_journey_and_no_other_bytes_do():
    """What cannot be read is refused, never half read."""
    packed = fingerprint("Title", "One sentence of six words here. Another one with number 7 inside.", "en")
    assert Fingerprint.unpack(packed).pack() == packed
    for damaged in (b"", packed[:-1], b"\x09" + packed[1:]):
        with pytest.raises(ValueError, match="fingerprint"):
            Fingerprint.unpack(damaged)


def test_why_says_what_two_articles_share():
    """The command compares as the stage does and says what was recorded."""
    from consumers.dedupe.explanation import explain

    report = "\n\n".join(prose("wire"))
    one = {"title": "A", "body": report, "language": "en", "host": "a", "outlet": "Agency"}
    other = one | {"host": "b", "outlet": "Gazette", "reasons": ["the text says so"]}
    found = explain(one, other)
    assert (found["tier"], found["scores"]["fivegrams"]) == ("copy", 1.0)
    assert "  the text says so" in found["lines"]
    assert explain(one, other | {"body": "\n\n".join(prose("own"))})["tier"] is None
