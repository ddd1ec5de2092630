"""Run dependent processes: start each when what it needs is ready, start it again when it dies, stop in reverse."""

from __future__ import annotations

from newswire.stack.service import Probe, Service

__all__ = ["Probe", "Service"]
