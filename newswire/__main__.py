"""Make `python -m newswire` the `newswire` command, for processes that start others without a PATH."""

from __future__ import annotations

from newswire.cli import main

main()
