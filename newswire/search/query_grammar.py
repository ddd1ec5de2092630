"""The grammar of Boolean searches: AND, OR, NOT, parentheses, fields, prefix*, "phrase"~2 and NEAR/5.

A text without any of these is no Boolean search: its words are found forgivingly (query_syntax.py).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from newswire.search.query_tree import FIELD_NAMES, InField, Joined, Near, Node, Not, Phrase, Prefix, Words
from newswire.search.request import SearchError

_END: Final = r'(?=[\s()"]|$)'  # of an operator or a prefix: `ANDES` is a word
_GRAMMAR: Final = rf"""
    start: or_
    ?or_: and_ (_OR and_)*
    ?and_: not_ (_AND? not_)*
    ?not_: _NOT not_ -> negation
         | near
    ?near: item
         | item NEAR item -> nearby
    ?item: word | phrase | prefix | field | "(" or_ ")"
    field: FIELD (word | phrase | prefix | "(" or_ ")")
    word: WORD
    phrase: PHRASE
    prefix: PREFIX

    _OR.9: /OR{_END}|\|\|/
    _AND.9: /AND{_END}|&&/
    _NOT.9: /NOT{_END}|-(?=[^\s-])|!(?=[^\s!])/
    NEAR.9: /NEAR\/\d{{1,2}}{_END}/
    FIELD.8: /({"|".join(FIELD_NAMES)}):(?=\S)/
    PHRASE.7: /"[^"]*"(~\d{{1,2}})?/
    PREFIX.6: /[^\s()"*]{{2,}}\*{_END}/
    WORD.1: /[^\s()"]+/
    %ignore /\s+/
"""
# What makes a text a Boolean search. A minus, quotes and stray parentheses do not: they were always plain.
_OPERATORS: Final = re.compile(
    rf"""(?<![^\s()])(?:(?:AND|OR|NOT|NEAR/\d{{1,2}})(?=[\s()"]|$)|&&|\|\||!(?=[^\s!])
    |(?:{"|".join(FIELD_NAMES)}):(?=\S)|[^\s()"*]{{2,}}\*(?=[\s()"]|$))|"~\d""",
    re.VERBOSE,
)
_SHOWN: Final = 20  # characters of the query on each side of a fault
_QUOTED: Final = re.compile(r'"([^"]*)"(?:~(\d+))?')


def is_boolean(text: str) -> bool:
    """Return whether a text uses an operator, a field, a prefix or a distance outside of its phrases."""
    return any(found[0].startswith('"~') or not _is_quoted(text, found.start()) for found in _OPERATORS.finditer(text))


def parse_boolean(text: str) -> Node:
    """Return the tree of a Boolean search.

    Raises:
        SearchError: the text breaks the grammar; the message shows where, and what would be possible.
    """
    try:
        return cast("Node", _parser().parse(text))  # the transformer has replaced lark's own tree
    except UnexpectedInput as error:
        raise SearchError(_describe(text, error)) from error


def _is_quoted(text: str, place: int) -> bool:
    return text.count('"', 0, place) % 2 == 1


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_ToTree())


def _describe(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        missing = "a word" if "WORD" in error.expected else "a closing parenthesis"
        return f"the search ends too early: {missing} is missing"
    place = error.pos_in_stream or 0
    begin = max(0, place - _SHOWN)
    shown = f"{text[begin:place]} >>{text[place : place + 1]}<< {text[place + 1 : place + 1 + _SHOWN]}"
    return (
        f"the search cannot be read at character {place + 1}: {shown.strip()}. Put operators between words, close "
        'every parenthesis and quote, or put text that is meant literally in "quotes"'
    )


@v_args(inline=True)
class _ToTree(Transformer[Token, Node]):
    """Builds the tree while the text is parsed."""

    def start(self, node: Node) -> Node:
        return node

    def word(self, token: Token) -> Words:
        return Words(str(token))

    def phrase(self, token: Token) -> Phrase:
        found = _QUOTED.fullmatch(token)
        if found is None or not found[1].strip():
            raise SearchError("a phrase has no words: put some between the quotes")
        return Phrase(found[1].strip(), int(found[2] or 0))

    def prefix(self, token: Token) -> Prefix:
        return Prefix(str(token)[:-1])

    def field(self, name: Token, value: Node) -> InField:
        (known,) = (each for each in FIELD_NAMES if f"{each}:" == name)
        return InField(known, value)

    def negation(self, part: Node) -> Not:
        return Not(part)

    def nearby(self, first: Node, near: Token, second: Node) -> Near:
        if not isinstance(first, Words | Phrase) or not isinstance(second, Words | Phrase):
            raise SearchError(f"{near} stands between two words or phrases")
        return Near(first, second, int(near.partition("/")[2]))

    def or_(self, *parts: Node) -> Joined:
        return Joined("OR", parts)

    def and_(self, *parts: Node) -> Node:
        """Join the parts; plain words beside each other are searched as one group, across fields."""
        joined: list[Node] = []
        for part in parts:
            if isinstance(part, Words) and joined and isinstance(joined[-1], Words):
                joined[-1] = Words(f"{joined[-1].text} {part.text}")
            else:
                joined.append(part)
        return joined[0] if len(joined) == 1 else Joined("AND", tuple(joined))
