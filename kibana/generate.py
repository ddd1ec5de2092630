"""Write kibana/newswire.ndjson from the typed panels: `python -m kibana.generate`; a test fails when it differs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kibana.boards import BOARDS
from kibana.objects import SavedObject, build_board, build_view
from kibana.views import VIEWS

FILE: Final = Path(__file__).parent / "newswire.ndjson"


def saved_objects() -> list[SavedObject]:
    """Return every object, each after those it refers to."""
    return [*map(build_view, VIEWS), *(saved for board in BOARDS for saved in build_board(board))]


def build_text() -> str:
    """Return the content of the file."""
    return "".join(f"{saved.line()}\n" for saved in saved_objects())


def main() -> None:
    """Write the file."""
    FILE.write_text(build_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
