"""A fictional press on loopback: outlets, wire copy, corrections and rogues, with everything about them known."""
