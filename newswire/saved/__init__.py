"""Saved searches: kept in Elasticsearch, run again by name, or pushed by the watch stage."""
