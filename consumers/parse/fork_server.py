"""Imported by the process that parse's workers are forked from: it warms up once, and every worker begins warm.

Importing this module reads a page with every reader, which takes seconds of CPU. Nothing else may import it.
"""

from __future__ import annotations

import gc

from consumers.parse.page import warm_up

warm_up()
gc.freeze()  # what is loaded by now lives as long as the workers, which share it: the collector need not scan it
