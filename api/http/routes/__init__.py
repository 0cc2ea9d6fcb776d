"""One module for each group of routes; each has a ``router``."""

from __future__ import annotations

from api.http.routes import events, instances, jobs, validate

__all__ = ["events", "instances", "jobs", "validate"]
