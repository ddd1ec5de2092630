"""Pure functions of text and addresses: no files, no network, no clock."""
