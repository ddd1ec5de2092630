"""The index document of a story, which the record stage and an undone takedown write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from schemas.messages import StoryChanged


def story_document(story: StoryChanged, indexed_at: datetime) -> dict[str, Any]:
    """Return the document of a story's newest state; outlets are in the order in which they joined."""
    document: dict[str, Any] = msgspec.to_builtins(story, builtin_types=(datetime,))
    first = story.outlets[0] if story.outlets else None
    document |= {"outlet_count": len(story.outlets), "first_outlet": first, "indexed_at": indexed_at}
    return {name: value for name, value in document.items() if value is not None}
