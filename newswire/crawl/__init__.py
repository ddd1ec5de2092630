"""Discover and fetch: from the sources to `fetched-pages`, within every host's rate limit."""
