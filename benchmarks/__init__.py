"""Measurements of speed and memory. Nothing here is a test: machines differ, so read ratios in one run."""
