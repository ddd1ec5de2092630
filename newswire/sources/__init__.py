"""The source catalogue and the site rules of each source."""
