"""Read what a robots.txt permits AI to use, page by page; the result travels with the page, and parse applies it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protego import Protego

# User agents that collect texts to train models; a crawler that also serves a search is not among them.
_TRAINING_AGENTS: Final = (
    "ai2bot",
    "amazonbot",
    "anthropic-ai",
    "applebot-extended",
    "bytespider",
    "ccbot",
    "claudebot",
    "cohere-ai",
    "cohere-training-data-crawler",
    "google-extended",
    "gptbot",
    "meta-externalagent",
)
_AGENT: Final = re.compile(r"^\s*user[- ]?agent\s*:\s*([^\s#]+)", re.IGNORECASE | re.MULTILINE)
_PREFERENCE: Final = re.compile(r"content-(?:usage|signal)\s*:\s*(?:(/\S*)\s+)?(.*)", re.IGNORECASE)
_AI_VALUE: Final = re.compile(r"\b(?:train-ai|ai-train|ai-input)\s*=\s*(y|n)(?:es|o)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AiUse:
    """The AI rules of one robots.txt: the training agents it names, and its Content-Usage and Content-Signal lines."""

    access: Protego
    trainers: tuple[str, ...]
    refused: Protego
    granted: Protego
    agent: str

    def allows(self, url: str) -> bool | None:
        """Return whether AI may use the text at an address; None if no rule applies. A refusal outweighs a grant."""
        if any(not self.access.can_fetch(url, trainer) for trainer in self.trainers):
            return False
        if not self.granted.can_fetch(url, self.agent):
            return True
        # A rule for all crawlers is a reservation of rights, even where our own group does not repeat it.
        is_refused = not all(self.refused.can_fetch(url, agent) for agent in (self.agent, "*"))
        return False if is_refused else None


def read_ai_use(text: str, access: Protego, agent: str) -> AiUse:
    """Return the AI rules of a robots.txt; `access` are its access rules, parsed already."""
    named = {name.lower() for name in _AGENT.findall(text)}
    trainers = tuple(name for name in _TRAINING_AGENTS if name in named)
    refused = Protego.parse(_as_access(text, no="Disallow", yes=None))
    granted = Protego.parse(_as_access(text, no="Allow", yes="Disallow"))
    return AiUse(access, trainers, refused, granted, agent)


def _as_access(text: str, *, no: str, yes: str | None) -> str:
    """Rewrite preferences as access rules, so that Protego applies groups, paths and the longest match."""
    lines = []
    for line in text.splitlines():
        bare = line.partition("#")[0].strip()
        if found := _PREFERENCE.fullmatch(bare):
            values = {value.lower() for value in _AI_VALUE.findall(found[2])}
            rule = no if "n" in values else yes if "y" in values else None
            lines.append(f"{rule}: {found[1] or '/'}" if rule else "Allow:")
        else:
            is_kept = not bare or _AGENT.match(bare)
            lines.append(bare if is_kept else "Allow:")  # an empty rule, because a rule ends a list of agents
    return "\n".join(lines)
