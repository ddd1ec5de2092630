"""A fictional press on loopback whose content is known: outlets, wire copy, corrections and odd responses."""
