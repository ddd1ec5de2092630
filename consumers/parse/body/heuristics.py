"""The own body rules: where the prose lies in the tree, and which blocks around it are the article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from consumers.parse.body.boilerplate import judge
from consumers.parse.body.boilerplate_lines import is_consent
from consumers.parse.body.parts import Masses, clean_blocks, find_standfirst, without_small_parts, without_stray_lines
from consumers.parse.input.tree import HEADINGS, LISTED, Block, Element, Tree
from consumers.parse.words import fold

_PROSE_CHARS = 40
_PROSE_LINK_SHARE = 0.5
_LONELY_CHARS = 400
_LONELY_WEIGHT = 0.3  # a paragraph without neighbours is more often a teaser
_ROOT_SHARE = 0.75  # of the prose lies below the article's element
_ENDLESS_SHARE = 0.15  # of the prose, from which an <article> among others counts
_ENDLESS_CHARS = 400
_FORGIVEN_SHARE = 0.4  # names lie: furniture with so much of the prose is none
_FORGIVEN_GRAVE_SHARE = 0.95
_GRAVE = frozenset({"comments", "footer", "nav", "navigation", "contentinfo"})
_EMBEDS = frozenset({"social", "twitter", "facebook", "embed", "widget", "tweet", "instagram", "figure"})


def choose_blocks(tree: Tree, titles: frozenset[str] = frozenset()) -> list[Block]:
    """Return the blocks of the article, in order; `titles` are the folded headlines that metadata name."""
    weights = [(block, weight) for block in tree.blocks if (weight := prose_weight(block))]
    furniture = _Furniture(tree, *_weigh(weights))
    # Names are judged by the first weighing, the place of the article by the second
    masses, total = _weigh([(block, weight) for block, weight in weights if not furniture(block.element)])
    root = max((e for e, mass in masses.items() if mass >= _ROOT_SHARE * total), key=lambda e: e.depth, default=None)
    if root is None:
        return []
    root = _first_article(tree, root, masses, titles)
    chosen = [block for block in tree.blocks if root in block.element.ancestors() and not furniture(block.element)]
    chosen = without_small_parts(chosen, root, masses, total)
    chosen = find_standfirst(tree.blocks, chosen, furniture) + chosen
    return without_stray_lines(clean_blocks(chosen, titles))


def prose_weight(block: Block) -> float:
    """Return how much a block speaks for its place being the article."""
    length = block.size
    if length < _PROSE_CHARS or block.tag in HEADINGS or block.link_share > _PROSE_LINK_SHARE or is_consent(block.text):
        return 0.0
    weight = length * (1 - 2 * block.link_share)
    return weight / 2 if block.tag in LISTED else weight


class _Furniture:
    """Tells whether an element is furniture or hangs from it; judged once, and only where it is asked for."""

    def __init__(self, tree: Tree, masses: Masses, total: float) -> None:
        self._limits = (_FORGIVEN_SHARE * total, _FORGIVEN_GRAVE_SHARE * total)
        self._masses = masses
        quotes = (element for element in tree.elements.values() if element.tag == "blockquote")
        self._frames = {above for quote in quotes for above in quote.ancestors()}

    def __call__(self, element: Element) -> bool:
        chain = []
        for above in element.ancestors():
            if above.is_furniture is not None:
                break
            chain.append(above)
        for link in reversed(chain):
            hangs = bool(link.parent and link.parent.is_furniture)
            link.is_furniture = hangs or self._is_bad(link)
        return bool(element.is_furniture)

    def _is_bad(self, element: Element) -> bool:
        verdict = judge(element)
        if not verdict or (verdict in _EMBEDS and element in self._frames):
            return False  # a quoted post is the article's, though its frame is named after the network
        return self._masses.get(element, 0.0) < self._limits[verdict in _GRAVE]


def _weigh(weights: Sequence[tuple[Block, float]]) -> tuple[Masses, float]:
    """Return the mass of the prose below every element that has some, and the mass of all."""
    company = Counter(block.element.parent for block, _ in weights)
    masses: Masses = {}
    total = 0.0
    for block, weight in weights:
        lonely = company[block.element.parent] < 2 and block.size < _LONELY_CHARS
        share = weight * _LONELY_WEIGHT if lonely else weight
        total += share
        for element in block.element.ancestors():
            masses[element] = masses.get(element, 0.0) + share
    return masses, total


def _first_article(tree: Tree, root: Element, masses: Masses, titles: frozenset[str]) -> Element:
    """Return the page's own article where others follow below it, as on pages without end."""
    enough = max(_ENDLESS_CHARS, _ENDLESS_SHARE * masses[root])
    articles = [e for e, mass in masses.items() if e.tag == "article" and mass > enough and e is not root]
    articles = [article for article in articles if root in article.ancestors()]
    if len(articles) > 1:
        headings = [block for block in tree.blocks if block.tag in HEADINGS]
        for block in headings:
            if block.tag == "h1" or fold(block.text) in titles:
                for article in articles:
                    if article in block.element.ancestors():
                        return article
    return root
