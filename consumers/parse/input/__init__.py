"""Before any reading: bytes to text, limits, scripts and the tree."""
