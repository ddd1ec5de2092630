"""The steps of the pipeline; pipeline.py tells their order."""
