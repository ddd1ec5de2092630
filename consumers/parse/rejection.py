"""What parse says of a page that is no article: a reason to count and a sentence to read."""

from __future__ import annotations

from newswire.errors import NewswireError


class Rejected(NewswireError):  # noqa: N818 - no failure: most pages of the web are no articles
    """The page gives no article; `reason` is a short kebab-case word, `is_poison` marks what no page should cause."""

    def __init__(self, reason: str, detail: str, *, is_poison: bool = False) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.is_poison = is_poison

    def __reduce__(self) -> tuple[object, ...]:
        """Travel from a worker process with all three words."""
        return (_again, (self.reason, self.detail, self.is_poison))


def _again(reason: str, detail: str, is_poison: bool) -> Rejected:  # noqa: FBT001 - pickle hands over positions
    return Rejected(reason, detail, is_poison=is_poison)
