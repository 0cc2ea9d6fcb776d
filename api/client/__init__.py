"""The service from a program: ``with Client("http://127.0.0.1:8642") as c: plan = c.solve(instance)``."""

from __future__ import annotations

from api.client.asynchronous import AsyncClient
from api.client.calls import InstancePage, JobPage, Validation
from api.client.retry import Retry
from api.client.sync import Client

__all__ = ["AsyncClient", "Client", "InstancePage", "JobPage", "Retry", "Validation"]
