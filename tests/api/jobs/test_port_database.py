"""Opening the database: once, whoever comes first; nothing newer than what is known; what SQLite promises."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.settings import Settings
from api.store import database
from api.store.line import Line
from api.store.schema import facts, metadata
from models.faults import BadSettings, NewerDatabase
from tests.api.service import settings_of


def opened(settings: Settings, start: Any, out: Any) -> None:
    """A process that opens the database and tells what it found."""
    start.wait()
    engine = database.connect(settings)
    with database.writing(engine) as connection:
        connection.execute(sa.insert(facts).values(name=multiprocessing.current_process().name, value="x"))
    out.put(sorted(sa.inspect(engine).get_table_names()))
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_many_processes_open_a_new_database_at_once(
    backend: str, tmp_path: Path, empty_postgres_url: str
) -> None:
    url = empty_postgres_url if backend == "postgresql" else None
    settings = settings_of(tmp_path / "new", database_url=url)
    context = multiprocessing.get_context("spawn")
    start, out = context.Event(), context.Queue()
    processes = [context.Process(target=opened, args=(settings, start, out)) for _ in range(5)]
    for process in processes:
        process.start()
    start.set()
    found = [out.get(timeout=180) for _ in processes]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 5
    assert set(metadata.tables) <= set(found[0])
    assert found == [found[0]] * 5
    engine = database.connect(settings)
    with database.reading(engine) as connection:
        names = set(connection.scalars(sa.select(facts.c.name)))
    assert names == {"schema", "dbos"} | {process.name for process in processes}
    engine.dispose()


def test_a_newer_database_is_left_alone(settings: Settings) -> None:
    engine = database.connect(settings)
    with database.writing(engine) as connection:
        connection.execute(sa.update(facts).where(facts.c.name == "schema").values(value="2"))
    engine.dispose()
    with pytest.raises(NewerDatabase, match="of version 2; this one knows 1"):
        database.connect(settings)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "sqlite:///x.sqlite", "http://x"])
def test_only_postgresql_is_named_by_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSettings, match="STOCKPILE_DATABASE_URL"):
        database.connect(settings_of(tmp_path, database_url=url))


def test_a_commit_to_sqlite_is_on_disk(sqlite_settings: Settings) -> None:
    engine = database.connect(sqlite_settings)
    with database.reading(engine) as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert found == ["wal", 2, 1, 10_000]  # 2: FULL
    engine.dispose()


def test_an_error_undoes_the_whole_transaction(engines: sa.Engine) -> None:
    def half() -> None:
        with database.writing(engines) as connection:
            connection.execute(sa.insert(facts).values(name="half", value="x"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with database.reading(engines) as connection:
        assert "half" not in set(connection.scalars(sa.select(facts.c.name)))


def test_a_reader_of_sqlite_sees_one_state(sqlite_settings: Settings) -> None:
    engine = database.connect(sqlite_settings)
    counted = sa.select(sa.func.count()).select_from(facts)
    with database.reading(engine) as reader:
        before = reader.scalar(counted)
        with database.writing(engine) as writer:
            writer.execute(sa.insert(facts).values(name="new", value="x"))
        assert reader.scalar(counted) == before
    with database.reading(engine) as reader:
        assert reader.scalar(counted) == before + 1
    engine.dispose()


def test_a_writer_holds_the_lock_from_its_beginning(sqlite_settings: Settings) -> None:
    engine = database.connect(sqlite_settings)
    other = sqlite3.connect(sqlite_settings.data / database.FILE, timeout=0)
    with database.writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("INSERT INTO stockpile_facts VALUES ('x', 'y')")
    other.close()
    engine.dispose()


def test_a_line_is_served_in_order() -> None:
    line = Line()
    served: list[int] = []

    def wait(number: int) -> None:
        with line:
            served.append(number)

    threads = []
    with line:
        for number in range(20):
            thread = threading.Thread(target=wait, args=(number,))
            thread.start()
            while len(line) <= number:
                time.sleep(0.001)
            threads.append(thread)
    for thread in threads:
        thread.join()
    assert served == list(range(20))
    with line:
        assert len(line) == 0
