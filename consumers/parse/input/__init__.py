"""Prepare a page for the readers: bytes to text, limits, scripts and the tree."""
