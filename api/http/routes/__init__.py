"""One module for each group of routes; each has a ``router``."""

from __future__ import annotations

from api.http.routes import events, health, instances, jobs, results, schema, validate

__all__ = ["events", "health", "instances", "jobs", "results", "schema", "validate"]
