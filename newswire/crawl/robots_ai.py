"""What a robots.txt says of AI use, page by page; the word travels with the page, and parse weighs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protego import Protego

# Names under which texts are collected for models; a crawler that also serves a search is not among them
_TRAINERS: Final = (
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
_SAID: Final = re.compile(r"\b(?:train-ai|ai-train|ai-input)\s*=\s*(y|n)(?:es|o)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AiUse:
    """The words of one robots.txt on AI use: crawlers it names, and its Content-Usage and Content-Signal lines."""

    access: Protego
    trainers: tuple[str, ...]
    refused: Protego
    granted: Protego
    agent: str

    def allows(self, url: str) -> bool | None:
        """Whether the text of an address may be used; None where nothing is said, and a refusal outweighs a grant."""
        if any(not self.access.can_fetch(url, trainer) for trainer in self.trainers):
            return False
        if not self.granted.can_fetch(url, self.agent):
            return True
        # What is said to all crawlers is a reservation of rights, also where our own group says nothing of it
        is_refused = not all(self.refused.can_fetch(url, agent) for agent in (self.agent, "*"))
        return False if is_refused else None


def read_ai_use(text: str, access: Protego, agent: str) -> AiUse:
    """Read a robots.txt, whose rules of access are read already, for what it says of AI use."""
    named = {name.lower() for name in _AGENT.findall(text)}
    trainers = tuple(name for name in _TRAINERS if name in named)
    refused = Protego.parse(_as_access(text, no="Disallow", yes=None))
    granted = Protego.parse(_as_access(text, no="Allow", yes="Disallow"))
    return AiUse(access, trainers, refused, granted, agent)


def _as_access(text: str, *, no: str, yes: str | None) -> str:
    """Write preferences as rules of access, so that groups, paths and the longest match are Protego's to judge."""
    lines = []
    for line in text.splitlines():
        bare = line.partition("#")[0].strip()
        if found := _PREFERENCE.fullmatch(bare):
            said = {word.lower() for word in _SAID.findall(found[2])}
            rule = no if "n" in said else yes if "y" in said else None
            lines.append(f"{rule}: {found[1] or '/'}" if rule else "Allow:")
        else:
            is_kept = not bare or _AGENT.match(bare)
            lines.append(bare if is_kept else "Allow:")  # an empty rule, since a rule ends a list of agents
    return "\n".join(lines)
