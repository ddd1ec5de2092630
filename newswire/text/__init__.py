"""Pure functions of text and URLs: no files, no network, no clock."""
