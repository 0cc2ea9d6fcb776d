"""The job engine: a port of six verbs, its adapter, and the workers behind it."""
