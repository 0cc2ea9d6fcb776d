"""Fixtures of the pages: a service, browsers that tolerate nothing, clients without one."""

from tests.api.http.world import world
from tests.api.service import sqlite_settings

__all__ = ["sqlite_settings", "world"]
