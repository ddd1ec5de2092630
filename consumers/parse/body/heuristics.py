"""Our own body rules: find the element that holds the prose, and the blocks around it that are the article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from consumers.parse.body.boilerplate import is_consent, judge
from consumers.parse.body.parts import Masses, clean_blocks, find_standfirst, without_small_parts, without_stray_lines
from consumers.parse.input.tree import HEADINGS, LISTED, Block, Element, Tree
from consumers.parse.words import fold

_PROSE_CHARS = 40
_PROSE_LINK_SHARE = 0.5
_LONELY_CHARS = 400
_LONELY_WEIGHT = 0.3  # a paragraph without neighbours is more often a teaser
_ROOT_SHARE = 0.75  # of the prose is below the article's element
_ENDLESS_SHARE = 0.15  # of the prose, from which an <article> among others counts
_ENDLESS_CHARS = 400
_FORGIVEN_SHARE = 0.4  # names mislead: an element with this much of the prose is not boilerplate
_FORGIVEN_STRONG_SHARE = 0.95
_STRONG_REASONS = frozenset({"comments", "footer", "nav", "navigation", "contentinfo"})
_EMBEDS = frozenset({"social", "twitter", "facebook", "embed", "widget", "tweet", "instagram", "figure"})


def choose_blocks(tree: Tree, titles: frozenset[str] = frozenset()) -> list[Block]:
    """Return the blocks of the article, in order; `titles` are the folded headlines found in the metadata."""
    weights = [(block, weight) for block in tree.blocks if (weight := prose_weight(block))]
    is_boilerplate = _BoilerplateFilter(tree, *_weigh(weights))
    # The first weighing judges names, the second finds the article
    masses, total = _weigh([(block, weight) for block, weight in weights if not is_boilerplate(block.element)])
    root = max((e for e, mass in masses.items() if mass >= _ROOT_SHARE * total), key=lambda e: e.depth, default=None)
    if root is None:
        return []
    root = _first_article(tree, root, masses, titles)
    chosen = [block for block in tree.blocks if root in block.element.ancestors() and not is_boilerplate(block.element)]
    chosen = without_small_parts(chosen, root, masses, total)
    chosen = find_standfirst(tree.blocks, chosen, is_boilerplate) + chosen
    return without_stray_lines(clean_blocks(chosen, titles))


def prose_weight(block: Block) -> float:
    """Return how much prose a block holds, in characters; links and list items count for less."""
    length = block.size
    if length < _PROSE_CHARS or block.tag in HEADINGS or block.link_share > _PROSE_LINK_SHARE or is_consent(block.text):
        return 0.0
    weight = length * (1 - 2 * block.link_share)
    return weight / 2 if block.tag in LISTED else weight


class _BoilerplateFilter:
    """Decides whether an element is boilerplate or inside it; each element is judged once, on demand."""

    def __init__(self, tree: Tree, masses: Masses, total: float) -> None:
        self._limit = _FORGIVEN_SHARE * total
        self._strong_limit = _FORGIVEN_STRONG_SHARE * total
        self._masses = masses
        quotes = (element for element in tree.elements.values() if element.tag == "blockquote")
        self._frames = {above for quote in quotes for above in quote.ancestors()}

    def __call__(self, element: Element) -> bool:
        chain = []
        for above in element.ancestors():
            if above.is_boilerplate is not None:
                break
            chain.append(above)
        for link in reversed(chain):
            is_inside = bool(link.parent and link.parent.is_boilerplate)
            link.is_boilerplate = is_inside or self._is_boilerplate_itself(link)
        return bool(element.is_boilerplate)

    def _is_boilerplate_itself(self, element: Element) -> bool:
        reason = judge(element)
        if not reason or (reason in _EMBEDS and element in self._frames):
            return False  # a quoted post belongs to the article, though its frame is named after the network
        limit = self._strong_limit if reason in _STRONG_REASONS else self._limit
        return self._masses.get(element, 0.0) < limit


def _weigh(weights: Sequence[tuple[Block, float]]) -> tuple[Masses, float]:
    """Return the mass of the prose below each element that has some, in weighted characters, and the total."""
    siblings = Counter(block.element.parent for block, _ in weights)
    masses: Masses = {}
    total = 0.0
    for block, weight in weights:
        is_lonely = siblings[block.element.parent] < 2 and block.size < _LONELY_CHARS
        share = weight * _LONELY_WEIGHT if is_lonely else weight
        total += share
        for element in block.element.ancestors():
            masses[element] = masses.get(element, 0.0) + share
    return masses, total


def _first_article(tree: Tree, root: Element, masses: Masses, titles: frozenset[str]) -> Element:
    """Return the page's own article where others follow it, as on pages with infinite scroll."""
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
