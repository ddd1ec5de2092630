"""Chaos: the product under kills, outages, full disks and malformed records, and an audit from outside."""
