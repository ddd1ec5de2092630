"""Runs a stage: the loop, partitions, snapshots, health and metrics."""
