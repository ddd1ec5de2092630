"""How rare a word is: the vocabularies that come with the product, and those made from a list of frequent words."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np
import pytest
from click.testing import CliRunner

from consumers.cluster import commands
from consumers.cluster.idf import count_vocabulary, estimate_vocabulary, load_vocabulary
from consumers.cluster.words import read_article_words
from newswire.demo.press.content import read_press
from newswire.errors import NewswireError
from newswire.settings import Settings

SAMPLES = {
    "ar": ("الذي", "السفينة"),
    "de": ("nicht", "Frachter"),
    "en": ("which", "reliquary"),
    "es": ("también", "embalses"),
    "fr": ("après", "gouverneure"),
    "ja": ("した", "彗星"),
}


def mean_idf(vocabulary, text, language):
    words = read_article_words("", text, language)
    return float(np.mean(vocabulary.idf(words.ids, words.lengths)))


@pytest.mark.parametrize("language", sorted({outlet.language for outlet in read_press().outlets.values()}))
def test_every_language_of_the_press_has_a_vocabulary(language):
    """Each knows a long function word from a name of the same length, and is small enough to travel."""
    vocabulary = load_vocabulary(language)
    frequent, rare = SAMPLES[language]
    assert mean_idf(vocabulary, frequent, language) + 1 < mean_idf(vocabulary, rare, language)
    with as_file(files("consumers.cluster") / "vocabularies") as folder:
        (shipped,) = folder.glob(f"{language}-*.npz")
        assert shipped.stat().st_size < 200_000


def test_a_ranked_list_weighs_like_a_count():
    """Words of one rank and of one share of articles weigh alike; what is not listed is rare, however short."""
    texts = [("", " ".join(word for word, one_in in (("of", 1), ("bank", 3)) if n % one_in == 0)) for n in range(300)]
    counted = count_vocabulary(texts, "en")
    ranked = estimate_vocabulary(
        ["of", *(f"filler{n}" for n in range(73)), "bank"], "en"
    )  # 1 - exp(-30 / 75) is a third
    for word in ("of", "bank"):
        assert mean_idf(ranked, word, "en") == pytest.approx(mean_idf(counted, word, "en"), abs=0.02)
    assert mean_idf(ranked, "axe", "en") > 5


def test_a_list_becomes_the_next_vocabulary(tmp_path, monkeypatch):
    """The command writes it where the stage looks first; a list in another encoding is named."""
    monkeypatch.setattr(commands, "settings", lambda: Settings(state_dir=tmp_path))
    path = tmp_path / "words.txt"
    path.write_text("och\natt\nmellan\n", "utf-8")
    printed = CliRunner().invoke(commands.vocabulary, ["sv", "--ranked", str(path)], catch_exceptions=False)
    assert "3 words, as if in 200 articles" in printed.output
    assert len(load_vocabulary("sv", tmp_path / "vocabularies").words) == 3
    path.write_bytes(b"m\xe5ste\n")
    with pytest.raises(NewswireError, match=r"words\.txt is not in UTF-8"):
        CliRunner().invoke(commands.vocabulary, ["sv", "--ranked", str(path)], catch_exceptions=False)
