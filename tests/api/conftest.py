"""What the tests of the ways in share."""

from tests.api.service import engines, postgres, postgres_settings, postgres_url, settings, sqlite_settings

__all__ = ["engines", "postgres", "postgres_settings", "postgres_url", "settings", "sqlite_settings"]
