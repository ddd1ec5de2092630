"""Articles of invented words, and what must become of them: which are copies, which report one event."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Each of these languages has a partition of its own in the logs that dedupe and cluster read.
FUNCTION_WORDS: Final = {
    "en": "the of and to in that was for on with as his they at this from had not are but were which have been",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus",
    "fr": "le la les de des et en du un une que pour dans qui sur au avec par ce pas son mais est plus aux",
    "nl": "de het een van en in is dat op te met voor zijn niet aan er om ook als door naar bij maar uit over",
}
_ONSETS: Final = "bdfgklmnprstv"
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "ei", "ou")
_CODAS: Final = ("", "", "l", "m", "n", "r", "s", "st", "nd")
WORDS_OF_EVENT, WORDS_OF_TEXT, PARAGRAPHS = 32, 12, 7
COPIED, FOLLOWED, REVISED, LARGE = 0.25, 0.2, 0.2, 0.03  # shares of the events
Text = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChaosArticle:
    """One article; `texts` are its versions, each the title and then the paragraphs. Times are shares of the run."""

    path: str
    outlet: int
    language: str
    family: str
    story: str
    texts: tuple[Text, ...]
    appears_at: float
    revised_at: float = math.inf
    padding: int = 0  # bytes of markup: such a page does not fit into a message

    def version_at(self, share: float) -> int:
        """Return the index of the text that is shown at a moment."""
        return 1 if share >= self.revised_at else 0


def make_articles(pages: int, outlets: int, seed: int) -> list[ChaosArticle]:
    """Return about `pages` articles on outlets of four languages, in order of their appearance.

    A copy repeats another outlet's text word for word; a second report shares the names of the event and nothing else.
    Articles that are copied are not revised: which text was copied would depend on when each was crawled.
    """
    source = random.Random(seed)  # noqa: S311 - not a secret
    made: list[ChaosArticle] = []
    number = 0
    while len(made) < pages:
        number += 1
        made += _cover(source, f"event-{number}", outlets)
    return sorted(made[:pages], key=lambda article: article.appears_at)


def _cover(source: random.Random, event: str, outlets: int) -> Iterator[ChaosArticle]:
    languages = list(FUNCTION_WORDS)
    language = source.choice(languages)
    papers = [paper for paper in range(outlets) if languages[paper % len(languages)] == language]
    first, second, third = source.sample(papers, 3)
    names = _make_words(source, WORDS_OF_EVENT)
    begins = source.random() * 0.8
    text = _write(source, language, names)
    family = f"{event}/{first}"
    chance = source.random()
    is_revised = chance > 1 - REVISED
    yield ChaosArticle(
        path=f"/{event}",
        outlet=first,
        language=language,
        family=family,
        story=event,
        texts=(text, _revise(source, language, names, text)) if is_revised else (text,),
        appears_at=begins,
        revised_at=begins + 0.1 if is_revised else math.inf,
        padding=900_000 if source.random() < LARGE else 0,
    )
    if chance < COPIED:
        yield ChaosArticle(f"/{event}-copy", second, language, family, event, (text,), begins + 0.1 * source.random())
    if source.random() < FOLLOWED:
        report = _write(source, language, names)
        after = begins + 0.15 * source.random()
        yield ChaosArticle(f"/{event}-report", third, language, f"{event}/{third}", event, (report,), after)


def _make_words(source: random.Random, count: int) -> list[str]:
    def syllable() -> str:
        return source.choice(_ONSETS) + source.choice(_VOWELS) + source.choice(_CODAS)

    return ["".join(syllable() for _ in range(source.choice((3, 3, 4)))) for _ in range(count)]


def _write(source: random.Random, language: str, names: list[str]) -> Text:
    own = _make_words(source, WORDS_OF_TEXT)

    def write(length: int) -> str:
        return _sentence(source, language, names, own, length)

    paragraphs = (" ".join(write(source.randint(12, 20)) for _ in range(3)) for _ in range(PARAGRAPHS))
    return (write(7).rstrip("."), *paragraphs)


def _sentence(source: random.Random, language: str, names: list[str], own: list[str], length: int) -> str:
    words = []
    for _ in range(length // 2):
        words += [
            source.choice(FUNCTION_WORDS[language].split()),
            source.choice(names if source.random() < 0.9 else own),
        ]
    return " ".join(words).capitalize() + "."


def _revise(source: random.Random, language: str, names: list[str], text: Text) -> Text:
    place = source.randrange(1, len(text))
    changed = _sentence(source, language, names, _make_words(source, WORDS_OF_TEXT), 40)
    return (*text[:place], changed, *text[place + 1 :])
