"""The dashboards, in the order in which a newcomer should read them."""

from __future__ import annotations

from typing import Final

from kibana.boards import corrections, newsroom, pipeline, sources, stories

BOARDS: Final = (newsroom.BOARD, stories.BOARD, sources.BOARD, pipeline.BOARD, corrections.BOARD)
