"""What is not the article: names of page parts, and lines that sites put between the paragraphs."""

from __future__ import annotations

import re

from consumers.parse.tree import Element

_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

FURNITURE_TAGS = frozenset({"nav", "footer", "aside", "form", "figure"})
_ROLES = frozenset(
    {"navigation", "complementary", "contentinfo", "search", "dialog", "alert", "banner", "menu", "tablist", "note"}
)

# Whole words of a class or an id
_WORDS = frozenset(
    ["ad", "ads", "adv", "advert", "advertisement", "advertising", "adslot", "adsense", "sponsor", "sponsored", "promo", "promos", "promotion", "promotions", "outbrain", "taboola", "related", "relateds", "recommend", "recommended", "recommendation", "recommendations", "recirc", "recirculation", "teaser", "teasers", "trending", "popular", "mostread", "mostpopular", "more", "readmore", "newsletter", "newsletters", "signup", "subscribe", "subscription", "subscriptions", "share", "shares", "sharing", "sharebar", "social", "socials", "follow", "followus", "facebook", "twitter", "whatsapp", "addthis", "sharethis", "comment", "comments", "commenting", "disqus", "respond", "reply", "replies", "discussion", "feedback", "byline", "bylines", "author", "authors", "bio", "biography", "contributor", "contributors", "tag", "tags", "taglist", "topics", "keywords", "breadcrumb", "breadcrumbs", "cookie", "cookies", "consent", "gdpr", "modal", "popup", "overlay", "lightbox", "tooltip", "toolbar", "gallery", "slideshow", "carousel", "slider", "caption", "captions", "credit", "credits", "copyright", "nav", "navbar", "navigation", "menu", "footer", "sidebar", "rail", "widget", "widgets", "masthead", "skip", "metadata", "meta", "dateline", "timestamp", "datetime", "pubdate", "postmeta", "entrymeta", "pagination", "pager", "prev", "next", "login", "register", "registration", "poll", "quiz", "survey", "ticker", "stocks", "weather", "jobs", "shop", "shopping", "deals", "offscreen", "noprint", "disclaimer", "infobox", "factbox", "toc", "tableofcontents", "verwandt", "anzeige", "werbung", "meistgelesen", "mehr", "empfehlungen", "autor", "kommentare", "artikelautor", "publicite", "relacionadas", "relacionados", "noticias", "compartir", "compartilhar", "publicidad", "publicidade", "correlati", "leggi", "condividi", "lire", "voir", "aussi"]
)  # fmt: skip
# A pair of words where one alone would say too little, or where the other word takes the blame away
_PAIRS = re.compile(
    r"(?:most|top)[-_ ]?(?:read|viewed|shared|popular|stories|commented)|(?:see|read|view|know|also|you)[-_ ]?(?:also|more|next|like)"
    r"|(?:sign|log)[-_ ]?(?:up|in)\b|share[-_ ]?(?:bar|tools|buttons|links)|article[-_ ]?(?:tags|meta|info|author|footer|related|share|tools|teaser|card|list)"
    r"|story[-_ ]?(?:tags|meta|info|footer|related|share|tools|card|list)|post[-_ ]?(?:tags|meta|info|author|footer|nav|navigation)"
    r"|(?:photo|image|img|media|picture|wp|video)[-_ ]?(?:caption|credit|text|title|info|meta|description)|display[-_ ]?none|js[-_ ]?hidden|is[-_ ]?hidden"
    r"|more[-_ ]?(?:on|from|stories|news|articles|info|about)|call[-_ ]?to[-_ ]?action|live[-_ ]?blog[-_ ]?nav|screen[-_ ]?reader|visually[-_ ]?hidden|sr[-_ ]?only",
    re.IGNORECASE,
)
# Said of small parts inside the article only: a whole page may well be a "box" or a "module"
_WEAK_WORDS = frozenset(
    ["box", "boxes", "infobox", "info", "embed", "embeds", "embedded", "card", "cards", "teaser", "picture", "pictures", "picturebox", "photo", "photos", "image", "images", "img", "imgs", "media", "player", "audio", "podcast", "video", "videos", "module", "app", "apps", "banner", "message", "note", "notice", "playlist", "attachment", "source", "sources", "details", "person", "profile", "expandable", "accordion", "playlist", "list-element", "product", "products", "affiliate", "rating", "score", "timeline", "factbox", "fact", "facts", "broadcast", "service", "label", "labels", "kicker", "badge", "bild", "bildtext", "foto", "fotos", "legend", "legende", "pie", "epigrafe"]
)  # fmt: skip
PICTURE_WORDS = frozenset(
    ["image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "caption", "bild", "bilder", "foto", "fotos", "legend", "legende"]
)
_ARTICLE_NAMES = re.compile(
    r"(?:article|story|post|entry|content|news)[-_]*(?:body|text|content|copy|main|inner|wrap(?:per)?|container|page|detail|paragraphs?)s?\b"
    r"|\b(?:articlebody|storytext|hentry|h-entry|e-content|body[-_]?(?:copy|text|content)|main[-_]?(?:content|text|article)|rich[-_]?text|prose|texto|cuerpo|corps|testo|artikeltext)\b",
    re.IGNORECASE,
)
_COMMENT_WORDS = frozenset(["comment", "comments", "commenting", "disqus", "respond", "reply", "replies", "discussion"])
_HIDDEN = frozenset(
    ["hidden", "hide", "d-none", "is-hidden", "u-hidden", "display-none", "visually-hidden", "sr-only", "screen-reader-text"]
)
# Names of a layout or of a post's subjects: "with-sidebar", "field-label-hidden", WordPress's "tag-social"
_SAYS_NOTHING = re.compile(
    r"(?:.*[-_])?(?:with|has|no|without)[-_]|(?:tag|category|format|status|type|post|author|node|col|field-(?:type|label)|page|menu-item)-|.*-(?:xs|sm|md|lg|xl)$",
    re.IGNORECASE,
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def judge(element: Element) -> str:
    """Return why an element is furniture by its name, or an empty string; remembered on the element."""
    if element.verdict is None:
        element.verdict = _judge(element)
    return element.verdict


def _judge(element: Element) -> str:
    if element.tag in ("html", "body", "main"):
        return ""
    attributes = element.node.attributes
    if element.tag == "blockquote":
        return ""
    if element.tag in FURNITURE_TAGS:
        return element.tag
    if not attributes:
        return ""
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return "hidden"
    if (style := attributes.get("style")) and _HIDDEN_STYLE.search(style):
        return "hidden"
    if (role := attributes.get("role")) and role.lower() in _ROLES:
        return role
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".strip()
    return _judge_name(name) if name else ""


def judge_part(element: Element) -> str:
    """Return why a small part inside the article is furniture, by words that say too little of a large one."""
    if element.tag in ("p", "li", "blockquote", "td", "tr", "tbody", "h2", "h3", "h4"):
        return ""
    attributes = element.node.attributes
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    words = {word.lower() for word in _NAME_PARTS.findall(name[:400])}
    return min(words & PICTURE_WORDS, default="") or min(words & _WEAK_WORDS, default="")


def name_of(element: Element) -> str:
    """Return the tag and class of an element."""
    return f"{element.tag} {element.node.attributes.get('class') or ''}"


_known: dict[str, str] = {}


def _judge_name(name: str) -> str:
    """Judge by class and id; sites repeat theirs, so the last few thousand are remembered."""
    found = _known.get(name)
    if found is None:
        if len(_known) > 20_000:
            _known.clear()
        found = _known[name] = _judge_words(name)
    return found


def _judge_words(name: str) -> str:
    tokens = [token for token in name[:400].split() if not _SAYS_NOTHING.match(token)]
    if not _HIDDEN.isdisjoint(tokens):
        return "hidden"
    name = " ".join(tokens)
    words = {word.lower() for word in _NAME_PARTS.findall(name)}
    if words & _COMMENT_WORDS:
        return "comments"
    if _ARTICLE_NAMES.search(name):
        return ""
    if guilty := words & _WORDS:
        return min(guilty)
    return "pair" if _PAIRS.search(name) else ""
