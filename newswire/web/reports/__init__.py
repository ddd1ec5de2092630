"""Reports on sources and the pipeline, computed for the pages and their JSON API."""
