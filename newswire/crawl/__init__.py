"""Find and fetch: from the sources to `fetched-pages`, at the pace every host allows."""
