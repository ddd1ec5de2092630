"""robots.txt as RFC 9309 has it."""

from __future__ import annotations

import time

import pytest

from newswire.crawl.robots import RobotsFile, read_rules

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
