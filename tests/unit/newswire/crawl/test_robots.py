"""robots.txt as RFC 9309 has it."""

from __future__ import annotations

import time

import pytest

from newswire.crawl.robots import MAX_ROBOTS_BYTES, RobotsFile, read_rules

URL = "https://paper.example/news/1"


def rules(text=None, status=200):
    return read_rules(RobotsFile(status, text), "Newswire")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: newswire\nAllow: /", True),
        ("User-agent: Newswire\nDisallow: /news/\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/1", True),
        ("User-agent: *\nDisallow: /*/1$", False),
        ("User-agent: othernewswirebot\nDisallow: /", True),
        ("User-agent: *\nDisallow:", True),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("<html>not found</html>", True),
    ],
)
def test_the_rules_for_us_are_obeyed(text, allowed):
    """Our own group goes before the stars', the longer rule before the shorter."""
    assert rules(text).allows(URL) is allowed


@pytest.mark.parametrize(
    ("status", "allowed"),
    [(404, True), (403, True), (410, True), (429, False), (500, False), (503, False), (None, False)],
)
def test_no_file_allows_all_and_no_answer_allows_nothing(status, allowed):
    """A site that is in trouble, or asks for patience, is left alone."""
    assert rules(status=status).allows(URL) is allowed


@pytest.mark.parametrize("last_line", ["Allow: /news", "Disallow: /other"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("excess", [-1, 0, 1, 2, 12])
def test_a_rule_counts_if_its_line_ends_within_500_kib(excess, line_end, last_line):
    """RFC 9309, section 2.5; a rule cut in the middle could say the opposite, so it is left out."""
    assert MAX_ROBOTS_BYTES == 512_000
    head = f"User-agent: *{line_end}Disallow: /{line_end}"
    padding = "#" * (MAX_ROBOTS_BYTES + excess - len(head) - len(line_end) - len(last_line)) + line_end
    body = (head + padding + last_line).encode()
    assert len(body) == MAX_ROBOTS_BYTES + excess
    file = RobotsFile.from_body(200, body)
    assert file.text is not None
    assert (last_line in file.text) == (excess <= 0)
    assert file.text.startswith(head)
    with_end = RobotsFile.from_body(200, body + line_end.encode() + b"Allow: /late\n")
    assert (last_line in (with_end.text or "")) == (excess <= 0)
    assert "late" not in (with_end.text or "")


def test_a_file_of_one_endless_line_has_no_rule():
    """No line ends within the limit; the padding of such a file must not be taken for a rule."""
    assert RobotsFile.from_body(200, b"x" * (MAX_ROBOTS_BYTES + 1)).text == ""
    assert RobotsFile.from_body(404, b"Disallow: /").text is None
    assert RobotsFile.from_body(200, b"Disallow: /\0x").text == "Disallow: /x"


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("Crawl-delay: 2.5", 2.5),
        ("Request-rate: 1/10s", 10.0),
        ("Crawl-delay: 1\nRequest-rate: 1/5", 5.0),
        ("Crawl-delay: soon", 0.0),
        ("Crawl-delay: inf", 0.0),
        ("Crawl-delay: -3", 0.0),
        ("Request-rate: 0/0", 0.0),
    ],
)
def test_the_pace_is_read(text, delay):
    """Crawl-delay and Request-rate, whichever is slower; nonsense is none."""
    assert rules(f"User-agent: *\n{text}").delay_seconds == delay


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b$", "*" * 300 + "b", "*aa*" * 50 + "c"])
def test_no_rule_keeps_the_matcher_busy(pattern):
    """Stars by the dozen are answered at once."""
    began = time.process_time()
    rules(f"User-agent: *\nDisallow: /{pattern}").allows("https://paper.example/" + "a" * 2000)
    assert time.process_time() - began < 0.5


AI_RULES = {
    "nothing": ("User-agent: *\nDisallow: /admin/", None),
    "a trainer is shut out": ("User-agent: GPTBot\nDisallow: /", False),
    "in a group of several": ("User-agent: Googlebot\nUser-agent: ccbot # no thanks\nDisallow: /", False),
    "from other pages only": ("User-agent: ClaudeBot\nDisallow: /archive/", None),
    "one of two": ("User-agent: GPTBot\nAllow: /\n\nUser-agent: CCBot\nDisallow: /news/", False),
    "all are shut out but us": ("User-agent: *\nDisallow: /\n\nUser-agent: Newswire\nAllow: /", None),
    "a name that only sounds like it": ("User-agent: NotGPTBotter\nDisallow: /", None),
    "letting a trainer in grants nothing": ("User-agent: GPTBot\nAllow: /", None),
    "a preference": ("User-agent: *\nContent-Usage: train-ai=n\nAllow: /", False),
    "a signal": ("User-Agent: *\nContent-signal: search=yes,ai-train=no,use=reference\nAllow: /", False),
    "not as input either": ("User-agent: *\nContent-Signal: ai-input=no", False),
    "a grant": ("User-agent: *\nContent-Usage: train-ai=y", True),
    "a signal that grants": ("User-agent: *\nContent-Signal: ai-train=yes, search=yes", True),
    "search is another matter": ("User-agent: *\nContent-Usage: search=n", None),
    "the longer path goes first": ("User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /news/ train-ai=y", True),
    "and also the other way": ("User-agent: *\nContent-Usage: train-ai=y\nContent-Usage: /*/1$ train-ai=n", False),
    "another path": ("User-agent: *\nContent-Usage: /archive/ train-ai=n", None),
    "both at once": ("User-agent: *\nContent-Usage: train-ai=y\nContent-Signal: ai-train=no", False),
    "a refusal to all, not repeated to us": (
        "User-agent: *\nContent-Usage: train-ai=n\n\nUser-agent: newswire\nDisallow: /admin/",
        False,
    ),
    "a grant to another": ("User-agent: Newswire\nDisallow: /x\n\nUser-agent: B\nContent-Usage: train-ai=y", None),
    "a grant, but a trainer is shut out": (
        "User-agent: *\nContent-Usage: train-ai=y\n\nUser-agent: Bytespider\nDisallow: /",
        False,
    ),
}


@pytest.mark.parametrize(("text", "allowed"), AI_RULES.values(), ids=AI_RULES)
def test_what_robots_says_of_ai_use_is_read(text, allowed):
    """Crawlers for models that are shut out of the page, and the lines on its use; a refusal outweighs a grant."""
    assert rules(text).allows_ai_use(URL) is allowed


def test_no_robots_says_nothing_of_ai_use():
    """Neither an absent file nor a server in trouble is a word on it."""
    assert rules(status=404).allows_ai_use(URL) is None
    assert rules(status=503).allows_ai_use(URL) is None
