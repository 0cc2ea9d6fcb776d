"""The HTTP service: thin; parse, call, render."""
