"""An Elasticsearch for a benchmark: one that is running already, or one started for this run only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from elasticsearch import Elasticsearch

from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.settings import STACK_ENV, Settings
from newswire.stack.session import start_servers


@contextmanager
def open_server(running: Path | None, prefix: str) -> Iterator[Elasticsearch]:
    """Yield a client of a server that has our templates for the prefix; `running` is a state directory."""
    with ExitStack() as stack:
        if running:
            settings = Settings(_env_file=running / STACK_ENV)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings = stack.enter_context(start_servers(folder, ("elasticsearch",)))
        yield stack.enter_context(_cleared(settings, prefix))


@contextmanager
def _cleared(settings: Settings, prefix: str) -> Iterator[Elasticsearch]:
    ours = settings.model_copy(update={"index_prefix": prefix})
    sync_templates(ours)
    with open_elasticsearch(ours) as client:
        try:
            yield client
        finally:
            indexes = [*client.indices.get(index=f"{prefix}-*", features="aliases")]
            if indexes:
                client.indices.delete(index=indexes)
            client.indices.delete_index_template(name=f"{prefix}-*")
            client.cluster.delete_component_template(name=f"{prefix}-*")
