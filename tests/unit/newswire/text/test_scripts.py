"""Scripts written without spaces: word count, fingerprint and diff see the same signs."""

from __future__ import annotations

import hashlib

import pytest

from consumers.parse.words import count_words, measure, shingles
from newswire.text.diff import compare_bodies
from newswire.text.diff import count_words as count_changed_words
from newswire.text.fingerprint import fingerprint, read_words

TEXTS = {
    "thai": "เรือข้ามฟากกลับมาแล่นอีกครั้งในคืนวันจันทร์",
    "lao": "ເຮືອຂ້າມຟາກກັບມາແລ່ນອີກຄັ້ງໃນຄືນວັນຈັນ",
    "khmer": "សាឡាងរត់ឡើងវិញនៅយប់ថ្ងៃចន្ទ។",
    "burmese": "ကူးတို့သင်္ဘောသည်တနင်္လာညတွင်ပြန်လည်ပြေးဆွဲသည်။",
    "japanese": "夜のフェリーが月曜日からまた走る。",
    "chinese": "夜间渡轮周一恢复航行。",
}
SIGNS = {"thai": 43, "lao": 38, "khmer": 27, "burmese": 46, "japanese": 16, "chinese": 10}
KOREAN = "밤 배가 월요일부터 다시 다닌다."


@pytest.mark.parametrize("script", TEXTS)
def test_a_text_without_spaces_is_counted_alike_everywhere(script):
    """Each sign is a word to the fingerprint and the diff, and half a word to the count that people see."""
    text, signs = TEXTS[script], SIGNS[script]
    assert len(read_words(text).words) == signs
    assert count_changed_words(compare_bodies("", text), "added") == signs
    assert count_words(text) == signs // 2
    assert measure(text) == len(text) + 2 * signs
    assert len(shingles(text)) > 0.5 * signs


def test_korean_is_written_with_spaces():
    """Hangul gives words to all three."""
    assert len(read_words(KOREAN).words) == 5
    assert count_changed_words(compare_bodies("", KOREAN), "added") == 5
    assert count_words(KOREAN) == 5


def test_fingerprints_of_stored_articles_stay_comparable():
    """The table of scripts is part of the fingerprint: a change of it needs a new VERSION."""
    texts = (*TEXTS.values(), KOREAN, "The night ferry sails again from Monday, U.S. officials said: 1,000 seats.")
    packed = b"".join(fingerprint("A title of four words", text, "und") for text in texts)
    assert hashlib.sha256(packed).hexdigest()[:32] == "65897c6cac8d88305a5f1b38ab299953"
