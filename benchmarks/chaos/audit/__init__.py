"""The audit of a run from outside; imports nothing of the product."""
