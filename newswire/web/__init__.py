"""The analysts' window: server-rendered pages over the index and the pipeline's state, and the same as a JSON API."""
