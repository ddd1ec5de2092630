"""Write an article's page: the outlet's layout, the text, and boilerplate around and between the paragraphs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from string import Template
from typing import Any

from newswire.demo.press.content import HERE, Outlet, PageBoilerplate
from newswire.demo.press.dates import long_date
from newswire.demo.press.desk import Edition, PressArticle


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What surrounds an article: the outlet's base URL, its language's boilerplate, and links to its other articles."""

    base: str
    boilerplate: PageBoilerplate
    others: tuple[tuple[str, str], ...]


PARAGRAPHS = {
    "plain": "<p>{}</p>",
    "hashed": '<div class="css-p4x"><p class="css-t9w">{}</p></div>',
    "amp": "<p>{}</p>",
    "rich": "<p>{}</p>",
    "tables": '<P ALIGN="justify"><FONT FACE="Times" SIZE="3">{}</FONT></P>',
    "nextjs": '<p class="RichText_p__Vv0">{}</p>',
    "blog": "<p>{}</p>",
}
TITLES = {  # an empty headline makes an empty title
    "plain": "{headline} - {name}",
    "hashed": "{headline} | {name}",
    "amp": "{headline}",
    "rich": "{headline} - {name}",
    "tables": "{headline} - {name}",
    "nextjs": "{headline} | {name}",
    "blog": "{headline} &#8211; {name}",
}
CHARSET_META = {"tables": '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={}">'}
YEAR_AHEAD = 2093
RELATED = 5  # links to other articles on a page


@cache
def layout(name: str) -> Template:
    """Return a layout's template."""
    return Template((HERE / "layouts" / f"{name}.html").read_text(encoding="utf-8"))


def article_page(article: PressArticle, edition: Edition, frame: PageFrame) -> str:
    """Return the page of an edition."""
    if article.coverage.is_untitled:
        edition = replace(edition, title="")
    return layout(article.outlet.layout).substitute(
        frame_fields(article.outlet, frame)
        | _text_fields(article, edition, frame)
        | _meta_fields(article, edition, frame)
    )


def frame_fields(outlet: Outlet, frame: PageFrame) -> dict[str, str]:
    """Return the template fields of every page of the outlet."""
    words = frame.boilerplate
    declared = CHARSET_META.get(outlet.layout, '<meta charset="{}">').format(outlet.charset)
    return {
        "language": outlet.language,
        "direction": words.direction,
        "name": escape(outlet.name),
        "charset_meta": declared if outlet.declares in {"meta", "both"} else "",
        "feed_link": f'<link rel="alternate" type="application/{outlet.feed}+xml" href="/feed.xml">',
        "sections": _links((f"/section/{n}/", title) for n, title in enumerate(words.sections)),
        "cookies": escape(words.cookies),
        "accept": escape(words.accept),
        "advertisement": escape(words.advertisement),
        "newsletter_title": escape(words.sign_up),
        "newsletter": escape(words.newsletter),
        "share": _links((f"https://social.example/{n}", title) for n, title in enumerate(words.share)),
        "share_title": escape(words.share[0]),
        "related_title": escape(words.related),
        "related": _links(frame.others[:RELATED]),
        "most_read_title": escape(words.most_read),
        "most_read": _links((f"/best/{n}", title) for n, title in enumerate(words.most_read_titles)),
        "comments_title": escape(words.comments),
        "comment": escape(words.comment),
        "footer": f"&copy; {escape(outlet.name)}. {escape(words.footer)}",
    }


def _links(links: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<li><a href="{path}">{escape(title)}</a></li>' for path, title in links)


def _text_fields(article: PressArticle, edition: Edition, frame: PageFrame) -> dict[str, str]:
    coverage, words = article.coverage, frame.boilerplate
    day = long_date(article.published.date(), article.outlet.language)
    clock = f", {article.published:%H:%M}" if coverage.dated == "page" else ""
    byline = f"{words.by} {', '.join(coverage.authors)}".strip() if coverage.authors else ""
    names = {"headline": escape(edition.title), "name": escape(article.outlet.name)}
    return {
        "page_title": TITLES[article.outlet.layout].format(**names) if edition.title else "",
        "headline": names["headline"],
        "byline": escape(byline),
        "published": _published(article) or "",
        "when": day + clock if coverage.dated in {"page", "text"} else "",
        "photo": _photo(article, frame),
        "body": _body(article, edition, frame),
        "section": escape(coverage.section),
        "canonical": frame.base + article.path,
        "description": escape(_description(edition)),
    }


def _published(article: PressArticle) -> str | None:
    if article.coverage.dated == "page":
        return article.published.isoformat()
    if article.coverage.dated == "year 2093":
        return article.published.replace(year=YEAR_AHEAD, day=min(article.published.day, 28)).isoformat()
    return None


def _photo(article: PressArticle, frame: PageFrame) -> str:
    if not article.coverage.caption:
        return ""
    caption = f"{escape(article.coverage.caption)} <small>{escape(frame.boilerplate.photo_credit)}</small>"
    if article.outlet.layout == "tables":
        picture = '<TD CLASS="caption"><IMG SRC="/static/photo.jpg" ALT=""><BR>'
        return f'<TABLE ALIGN="right"><TR>{picture}<FONT SIZE="1">{caption}</FONT></TD></TR></TABLE>'
    return f'<figure><img src="/static/photo.jpg" alt=""><figcaption>{caption}</figcaption></figure>'


def _body(article: PressArticle, edition: Edition, frame: PageFrame) -> str:
    pattern, words = PARAGRAPHS[article.outlet.layout], frame.boilerplate
    blocks = [pattern.format(escape(paragraph, quote=False)) for paragraph in edition.paragraphs]
    if len(blocks) > 3:
        path, title = frame.others[0] if frame.others else ("/", article.outlet.name)
        blocks.insert(
            3, f'<div class="related-inline"><b>{escape(words.related)}</b> <a href="{path}">{escape(title)}</a></div>'
        )
    if len(blocks) > 2:
        blocks.insert(2, f'<div class="ad-slot advert"><span>{escape(words.advertisement)}</span></div>')
    if article.coverage.ballast_bytes:
        blocks.append(f"<script>window.board=[\n{_ballast(article.coverage.ballast_bytes)}\n]</script>")
    return "\n".join(blocks)


@cache
def _ballast(size: int) -> str:
    """Return script that hardly compresses, as in very large pages."""
    dice = random.Random(size)  # noqa: S311 - noise, not a secret
    return ",\n".join(f'"{dice.randbytes(48).hex()}"' for _ in range(size // 101))


def _description(edition: Edition) -> str:
    return edition.paragraphs[0][:150].rsplit(" ", 1)[0] if edition.paragraphs else ""


def _meta_fields(article: PressArticle, edition: Edition, frame: PageFrame) -> dict[str, str]:
    published = _published(article)
    properties = {
        "og:type": "article",
        "og:site_name": article.outlet.name,
        "og:title": edition.title,
        "og:url": frame.base + article.path,
        "og:description": _description(edition),
    }
    times = {"article:published_time": published, "article:modified_time": published and edition.modified.isoformat()}
    authors = {"author": ", ".join(article.coverage.authors)}
    plain = json_ld(article, edition, frame)
    full = plain | {
        "articleBody": "\n\n".join(edition.paragraphs),
        "wordCount": len(" ".join(edition.paragraphs).split()),
    }
    props = {"article": {"title": edition.title, "paragraphs": edition.paragraphs, "related": frame.others}}
    return {
        "open_graph": _metas("property", properties),
        "article_meta": _metas("property", times) + _metas("name", authors),
        "date_meta": _metas("name", {"date": published}),
        "json_ld": _script(plain),
        "json_ld_full": _script({"@context": "https://schema.org", "@graph": [_publisher(article, frame), full]}),
        "next_data": _json({"props": {"pageProps": props}, "page": "/[slug]", "buildId": "f1ct10n"}),
    }


def json_ld(article: PressArticle, edition: Edition, frame: PageFrame) -> dict[str, Any]:
    """Return the article's structured data."""
    published = _published(article)
    dates = {"datePublished": published, "dateModified": edition.modified.isoformat()} if published else {}
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": edition.title,
        "mainEntityOfPage": frame.base + article.path,
        "inLanguage": article.outlet.language,
        "author": [{"@type": "Person", "name": name} for name in article.coverage.authors],
        "publisher": {"@type": "Organization", "name": article.outlet.name},
        "articleSection": article.coverage.section,
        "isAccessibleForFree": True,
    } | dates


def _publisher(article: PressArticle, frame: PageFrame) -> dict[str, str]:
    return {"@type": "NewsMediaOrganization", "@id": f"{frame.base}/#us", "name": article.outlet.name}


def _script(data: dict[str, Any]) -> str:
    return f'<script type="application/ld+json">{_json(data)}</script>'


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False).replace("</", "<\\/")


def _metas(kind: str, values: Mapping[str, str | None]) -> str:
    return "\n".join(f'<meta {kind}="{name}" content="{escape(value)}">' for name, value in values.items() if value)
