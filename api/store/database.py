"""The one database: a SQLite file or PostgreSQL, with our tables and those of DBOS.

SQLite: write-ahead log, every commit synced to disk, foreign keys checked; writers take the write lock when
they begin (a transaction that reads first and writes later could fail half-way). Within a process writers
also stand in line: SQLite's own waiting sleeps and wakes by chance, which makes a long tail.
"""

from __future__ import annotations

import fcntl
import hashlib
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from api.settings import Settings
from api.store import schema
from api.store.errors import attempt
from api.store.line import Line
from models.faults import BadSettings, NewerDatabase, Unavailable

SCHEMA = 1
"""Version of our tables; raised with every change that older code cannot live with."""
FILE = "stockpile.sqlite"
BUSY_SECONDS = 10.0
"""How long a writer waits for another process."""
_LOCK = 0x73746F636B70696C
"""Advisory lock of whoever creates the tables: "stockpil"."""
_LOCK_SECONDS = 60.0

_lines: weakref.WeakKeyDictionary[sa.Engine, Line] = weakref.WeakKeyDictionary()


def connect(settings: Settings) -> sa.Engine:
    """The database of these settings, its tables created; safe when many processes start at once.

    Raises BadSettings (no such kind of database), NewerDatabase, Unavailable, StorageFull.
    """
    engine = _sqlite(settings) if settings.database_url is None else _postgres(settings.database_url)
    try:
        attempt(lambda: _prepare(engine, settings))
    except BaseException:
        engine.dispose()
        raise
    return engine


def is_sqlite(engine: sa.Engine | sa.Connection) -> bool:
    """Whether this is SQLite."""
    return engine.dialect.name == "sqlite"


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes; committed at the end of the block, undone on any error."""
    if not is_sqlite(engine):
        with engine.begin() as connection:
            yield connection
        return
    with _lines.setdefault(engine, Line()), engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that reads; on SQLite all of it sees one state."""
    with engine.connect() as connection:
        if is_sqlite(engine):
            connection.exec_driver_sql("BEGIN")
        yield connection


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, of either database."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def lock_number(name: str) -> int:
    """The number of an advisory lock of PostgreSQL: 64 bits of the name's SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _sqlite(settings: Settings) -> sa.Engine:
    settings.data.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(settings.data / FILE)),
        # As DBOS sets it for its own: statements that write begin with the write lock.
        connect_args={"isolation_level": "IMMEDIATE", "timeout": BUSY_SECONDS},
        pool_size=16,
        max_overflow=48,
        pool_timeout=30,
    )

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "journal_size_limit=67108864"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgres(address: str) -> sa.Engine:
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError:
        raise BadSettings("STOCKPILE_DATABASE_URL is not the address of a database.") from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise BadSettings("STOCKPILE_DATABASE_URL is to begin with postgresql:// (SQLite needs none).")
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": 5,
                "application_name": "stockpile",
                # A process that froze within a transaction holds locks no longer than this.
                "options": f"{url.query.get('options', '')} -c idle_in_transaction_session_timeout=60s"
                f" -c lock_timeout={int(BUSY_SECONDS)}s",
            },
            pool_size=8,
            max_overflow=24,
            pool_timeout=30,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        raise BadSettings("PostgreSQL needs the extra: pip install 'stockpile[postgres]'.") from None


def _prepare(engine: sa.Engine, settings: Settings) -> None:
    """Create what is missing, once, whoever comes first."""
    if _is_ready(engine):
        return
    with _creating(engine, settings):
        if _is_ready(engine):
            return
        if is_sqlite(engine):
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        schema.metadata.create_all(engine)
        # Through its public door, which makes a short-lived engine of its own from the address.
        from dbos import DBOS

        DBOS.migrate(engine.url.render_as_string(hide_password=False))
        with writing(engine) as connection:
            for name, value in _facts().items():
                statement = insert(connection, schema.facts).values(name=name, value=value)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
                )


def _facts() -> dict[str, str]:
    return {"schema": str(SCHEMA), "dbos": version("dbos")}


def _is_ready(engine: sa.Engine) -> bool:
    """Whether the tables are those of this version. Raises NewerDatabase."""
    tables = set(sa.inspect(engine).get_table_names())
    if schema.facts.name not in tables:
        return False
    with reading(engine) as connection:
        rows = connection.execute(sa.select(schema.facts.c.name, schema.facts.c.value))
        found = {row.name: row.value for row in rows}
    if int(found.get("schema", SCHEMA)) > SCHEMA:
        raise NewerDatabase(f"Its tables are of version {found['schema']}; this one knows {SCHEMA}.")
    # Tables that older code need not know come without a new version.
    complete = tables >= set(schema.metadata.tables)
    return complete and all(found.get(name) == value for name, value in _facts().items())


@contextmanager
def _creating(engine: sa.Engine, settings: Settings) -> Iterator[None]:
    """Alone among all processes that create tables of this database."""
    if is_sqlite(engine):
        with open(settings.data / f"{FILE}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    # Asked again and again rather than waited for: DBOS creates indexes concurrently, which waits for every
    # statement that runs, also for one that waits for this lock.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))):
            if time.monotonic() > deadline:
                raise Unavailable("Another process has been creating the tables for too long.")
            time.sleep(0.1)
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
