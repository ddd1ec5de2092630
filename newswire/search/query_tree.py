"""What a Boolean search asks for, as a tree: words and conditions, joined by AND, OR and NOT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

FieldName = Literal[
    "title", "author", "tag", "outlet", "source", "section", "language", "country", "kind", "url", "date", "is"
]
FIELD_NAMES: Final[tuple[FieldName, ...]] = get_args(FieldName)
TEXT_FIELDS: Final = frozenset({"title", "author", "tag"})  # their values are words; those of the others are whole


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words beside each other, of which an article must have all."""

    text: str

    def __str__(self) -> str:
        """Return the words as understood."""
        words = self.text.split()
        return words[0] if len(words) == 1 else f"({' AND '.join(words)})"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order; `slop` is how many positions they may be off."""

    text: str
    slop: int = 0

    def __str__(self) -> str:
        """Return the phrase as understood."""
        return f'"{self.text}"' + (f"~{self.slop}" if self.slop else "")


@dataclass(frozen=True, slots=True)
class Prefix:
    """A word that begins with the text."""

    text: str

    def __str__(self) -> str:
        """Return the prefix as understood."""
        return f"{self.text}*"


@dataclass(frozen=True, slots=True)
class Near:
    """Two words or phrases with at most `distance` words between them, in any order."""

    first: Words | Phrase
    second: Words | Phrase
    distance: int

    def __str__(self) -> str:
        """Return the condition as understood."""
        return f"({self.first} NEAR/{self.distance} {self.second})"


@dataclass(frozen=True, slots=True)
class InField:
    """A condition on one field: a tree of words for `title`, `author` and `tag`, a value for the others."""

    name: FieldName
    value: Node

    def __str__(self) -> str:
        """Return the condition as understood."""
        return f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Not:
    """What an article must not have."""

    part: Node

    def __str__(self) -> str:
        """Return the exclusion as understood."""
        return f"NOT {self.part}"


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of which an article must have all (AND) or at least one (OR)."""

    by: Literal["AND", "OR"]
    parts: tuple[Node, ...]

    def __str__(self) -> str:
        """Return the parts as understood, in parentheses."""
        return f"({f' {self.by} '.join(map(str, self.parts))})"


Node: TypeAlias = Words | Phrase | Prefix | Near | InField | Not | Joined
Leaf: TypeAlias = Words | Phrase | Prefix


def describe(node: Node) -> str:
    """Return the search as it was understood, without the outermost parentheses."""
    text = str(node)
    has_outer = isinstance(node, Joined | Near) or (isinstance(node, Words) and " " in node.text)
    return text[1:-1] if has_outer else text


def leaves(node: Node, *, is_excluded: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Yield all words, phrases and prefixes, and whether they are excluded."""
    match node:
        case Joined(parts=parts):
            for part in parts:
                yield from leaves(part, is_excluded=is_excluded)
        case Not(part=part):
            yield from leaves(part, is_excluded=not is_excluded)
        case InField(value=value):
            yield from leaves(value, is_excluded=is_excluded)
        case Near(first=first, second=second):
            yield from ((first, is_excluded), (second, is_excluded))
        case Words() | Phrase() | Prefix():
            yield node, is_excluded


def in_text(node: Node) -> Iterator[Leaf]:
    """Yield the words that a reader may see in a title or text: not those excluded, nor those of other fields."""
    match node:
        case Joined(parts=parts):
            for part in parts:
                yield from in_text(part)
        case InField(name=name, value=value):
            if name == "title":
                yield from in_text(value)
        case Near(first=first, second=second):
            yield from (first, second)
        case Words() | Phrase() | Prefix():
            yield node
