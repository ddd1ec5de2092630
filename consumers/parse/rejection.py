"""Why a page is rejected: the exception that parse raises, and every reason it may give."""

from __future__ import annotations

from typing import Final, Literal, get_args

from newswire.errors import NewswireError
from newswire.stage import Reject

RejectReason = Literal[
    # Expected: most pages on the web are not articles. Counted, recorded, and never a fault of the message.
    "empty",  # the body is empty or only white space
    "too-large",  # more bytes than parse reads
    "not-html",  # no markup at all: plain text, a feed, a file
    "not-text",  # what was read is not writing in any language: binary data, or the wrong charset
    "no-text",  # neither the markup nor its data holds an article's text
    "too-short",  # some text, but too few words for an article
    "error-page",  # an error page that was served with status 200
    "wall",  # most of the text asks for consent, a login or a subscription
    "front-page",  # the URL is a site's front page
    "listing",  # a list of other articles: a section, a search, a profile
    "video-page",  # a video with hardly any text
    "gallery-page",  # pictures with hardly any text
    "too-costly",  # too deep, wide or long for the fast parser, and no paragraphs at its beginning
    # Unexpected: worth a look, and to be sent again once the cause is fixed.
    "no-body",  # the message has no readable body: the blob is gone or broken
    "parser-error",  # an exception in parse: a bug
    "time-limit",  # twice not parsed within its CPU budget, alone and with a larger one the second time
    "worker-died",  # two workers died of this page: out of memory, or a crash in a C library
    "quarantined",  # not tried: three pages of its source in a row had overrun or ended their worker
]
POISON: Final[frozenset[RejectReason]] = frozenset(
    {"no-body", "parser-error", "time-limit", "worker-died", "quarantined"}
)
# What the content of a site can cause: however many there are, they never stop the stage.
FROM_SITE: Final = POISON - {"no-body"}
REASONS: Final[tuple[RejectReason, ...]] = get_args(RejectReason)


class Rejected(NewswireError):  # noqa: N818 - not an error: most pages on the web are not articles
    """The page gives no article: `reason` is for counting, `detail` is a sentence for people."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        """Return what pickle needs to rebuild it in another process: an exception's own args are the message only."""
        return (Rejected, (self.reason, self.detail))


def reject(reason: RejectReason, detail: str) -> Reject:
    """Return the stage's answer for a rejected page."""
    return Reject(reason, detail, is_poison=reason in POISON, from_site=reason in FROM_SITE)
