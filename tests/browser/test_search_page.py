"""What an analyst does with the pages, done in a real browser."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PAGES = {
    "front": "/?limit=5",
    "search": "/?q=ferry+aground&fold=nothing&outlet=The+Harbour+Courier",
    "nothing": "/?q=zeppelin",
    "stories": "/stories",
    "sources": "/sources",
    "pipeline": "/pipeline",
    "api": "/api/",
}


def search(page, words):
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")


def test_search_facet_fold_article_story(open_window, shoot):
    """From words to an article and its story: marks, a facet that applies at once, copies under their original."""
    page = open_window()
    search(page, "ferry aground")
    hits = page.locator(".hit")
    expect(hits.first.locator("mark").first).to_have_text("Ferry")
    folded = hits.filter(has=page.locator(".folded")).first
    expect(folded.locator(".folded a").first).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.locator(".folded a").first).to_be_visible()
    shoot(page, "search")

    before = page.locator(".summary").inner_text()
    box = page.get_by_role("checkbox", name="Valmere Herald")
    box.check()
    expect(page.locator(".chips a")).to_have_text("Remove the filter Valmere Herald ×")  # noqa: RUF001 - as it is shown
    expect(page.locator(".summary")).not_to_have_text(before)
    expect(page.get_by_role("checkbox", name="Valmere Herald")).to_be_focused()
    assert "outlet=Valmere+Herald" in page.url
    page.locator(".chips a").click()
    expect(page.locator(".summary")).to_contain_text("articles")

    page.locator(".hit h2 a").first.click()
    title = page.locator("h1").inner_text()
    expect(page.locator(".reading .text p").first).to_be_visible()
    expect(page.locator(".members li.here")).to_contain_text(title)
    expect(page.locator("a.original")).to_have_attribute("rel", "noopener noreferrer nofollow")
    shoot(page, "article")

    page.locator('.beside a[href^="/story/"]').click()
    expect(page.locator(".first")).to_contain_text("First: Corvane Press Agency")
    assert page.locator(".lanes circle").count() == page.locator(".hit").count() > 3
    shoot(page, "story")


def test_filters_keep_their_place(open_window):
    """A value below "more" stays in sight with the focus, chosen and taken back; so do the other options."""
    page = open_window()
    page.get_by_text("7 more").click()
    last = page.locator('#more-outlet input[type="checkbox"]').last
    name = last.get_attribute("value")
    for chips in (1, 0):
        last.focus()
        page.keyboard.press("Space")
        expect(page.locator(".chips a")).to_have_count(chips)
        expect(page.locator(f'input[name="outlet"][value="{name}"]')).to_be_focused()
        expect(page.locator("#more-outlet")).to_have_attribute("open", "")
    page.get_by_text("Time, order, folding").click()
    page.get_by_label("One hit is").select_option("a story")
    expect(page.locator(".summary")).to_contain_text("groups")
    page.get_by_label("One hit is").select_option("a text with its copies")
    page.wait_for_url("**fold=copies**")
    expect(page.get_by_label("One hit is")).to_be_visible()


def test_a_correction_is_read_word_by_word(open_window, shoot):
    """The diff of a corrected article stands open, and the tag beside the title leads to it."""
    page = open_window("/?q=%22Elder+Rose+floats%22&fold=nothing")
    page.locator(".hit h2 a").first.click()
    page.get_by_role("link", name="version 2").click()
    expect(page.locator(".versions del").first).to_have_text("eleven")
    expect(page.locator(".versions ins").first).to_have_text("fourteen")
    shoot(page, "versions")


def test_a_bar_narrows_the_time(open_window):
    """Choosing a bar of the chart leaves the articles that it counts."""
    page = open_window("/?fold=nothing")
    bar = page.locator(".timeline a").nth(3)
    counted = bar.get_attribute("aria-label").rpartition(": ")[2]
    bar.click()
    expect(page.locator(".summary")).to_contain_text(counted)
    assert "since=" in page.url


def test_the_keyboard_alone_suffices(open_window):
    """`/` goes to the box, j and k walk through the hits, Enter opens; while typing they are letters."""
    page = open_window("/?q=dam")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jk/ ferry aground")
    expect(page.get_by_role("searchbox")).to_have_value("jk/ ferry aground")
    page.get_by_role("searchbox").fill("ferry aground")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=ferry*")
    page.locator("body").press("j")
    page.keyboard.press("j")
    expect(page.locator(".hit h2 a").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".hit h2 a").nth(0)).to_be_focused()
    title = page.locator(".hit h2 a").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(title)


def test_the_first_key_leads_past_the_head(open_window):
    """Tab, Enter: the skip link brings a reader to the content."""
    page = open_window("/sources")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_everything_can_be_read_without_a_script(open_window):
    """Search, filter by a button, unfold, page on, read: plain HTML does it all."""
    page = open_window("/", java_script_enabled=False)
    search(page, "ferry aground")
    page.get_by_role("checkbox", name="Valmere Herald").check()
    page.get_by_role("button", name="Apply filters").click()
    expect(page.locator(".chips a")).to_contain_text("Valmere Herald")
    page.locator(".hit h2 a").first.click()
    expect(page.locator(".reading .text p").first).to_be_visible()
    page.get_by_role("link", name="Search").click()
    page.get_by_role("link", name="Next page").click()
    assert page.locator(".hit").count() > 10


def test_a_slip_of_the_keyboard_is_offered_mended(open_window):
    """The offer is one click away."""
    page = open_window("/?q=seepagge")
    page.get_by_text("Did you mean").get_by_role("link").click()
    assert page.locator(".hit").count() > 0


def test_sources_and_pipeline_tell_what_is_wrong(open_window, shoot):
    """The failing feed stands on top with its reason; the stuck address is an alarm on both pages."""
    page = open_window("/sources")
    expect(page.locator("tbody tr")).to_have_count(15)
    worst = page.locator("tbody tr").filter(has=page.locator(".bad"))
    expect(worst).to_have_count(2)
    expect(page.get_by_text("A list fails, once: http://valmere-herald.example/feed.xml: HTTP 503")).to_be_visible()
    expect(page.locator("#corvane .alarm")).to_have_text("1")
    shoot(page, "sources")
    page.get_by_role("link", name="Pipeline").click()
    page.get_by_role("link", name="which ones").click()
    expect(page.get_by_text("http://paper.example/stuck")).to_be_in_viewport()
    shoot(page, "pipeline")


def test_right_to_left_text_runs_right_to_left(open_window, shoot):
    """Title and text of an Arabic article run from the right; the frame around them stays as it is."""
    page = open_window("/?language=ar")
    page.locator(".hit h2 a").first.click()
    for place in ("h1", ".reading .text p >> nth=0"):
        assert page.locator(place).evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert page.locator("main").evaluate("element => getComputedStyle(element).direction") == "ltr"
    shoot(page, "right-to-left")


def test_the_night_is_dark(open_window, shoot):
    """Whoever prefers dark pages gets light ink on dark paper."""
    page = open_window("/?q=ferry+aground", color_scheme="dark")
    style = page.locator("body").evaluate(
        "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
    )
    paper, ink = (sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) for colour in style)
    assert paper < 150
    assert ink > 600
    shoot(page, "dark")


def test_no_page_is_wider_than_a_telephone(open_window, shoot):
    """On 360 pixels nothing is cut off, and only a table of its own may be moved sideways."""
    page = open_window("/?q=ferry+aground", viewport={"width": 360, "height": 740})
    shoot(page, "telephone")
    addresses = [*PAGES.values(), page.locator(".hit h2 a").first.get_attribute("href"), "/stories"]
    for path in addresses:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_nothing(open_window, scheme, rules):
    """Contrast, names, roles, landmarks and order of every page by day; by night the colours are others."""
    page = open_window("/?q=%22Elder+Rose+floats%22&fold=nothing", color_scheme=scheme)
    article = page.locator(".hit h2 a").first.get_attribute("href")
    page.goto(article)
    story = page.locator('.beside a[href^="/story/"]').get_attribute("href")
    found = {}
    for path in (*PAGES.values(), article, story):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = true; })")
        violations = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]
        found[path] = [f"{node['target']} {node['failureSummary']}" for one in violations for node in one["nodes"]]
    assert {path: words for path, words in found.items() if words} == {}


def test_the_browser_runs_nothing_that_is_not_ours(chromium, address):
    """The policy holds: an inline script and a handler do not run, and nothing is loaded from elsewhere."""
    context = chromium.new_context(base_url=address)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/?q=dam")
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.stolen = 1";
            document.body.append(script);
            const picture = document.createElement("img");
            picture.setAttribute("onerror", "window.stolen = 2");
            picture.src = "/nowhere.png";
            document.body.append(picture);
        }"""
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.stolen") is None
    assert all(url.startswith(address) for url in asked)
    context.close()
