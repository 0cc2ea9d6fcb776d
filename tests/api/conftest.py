"""What the tests of the ways in share."""

from tests.api.service import (
    empty_postgres_url,
    engines,
    postgres_server,
    postgres_settings,
    postgres_url,
    settings,
    sqlite_settings,
)

__all__ = [
    "empty_postgres_url",
    "engines",
    "postgres_server",
    "postgres_settings",
    "postgres_url",
    "settings",
    "sqlite_settings",
]
