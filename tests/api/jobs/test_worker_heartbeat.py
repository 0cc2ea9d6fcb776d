"""A worker's name is one process's, its row is by the clock of the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from api.jobs import heartbeat
from api.jobs.heartbeat import Heart, Name, clock
from api.jobs.housekeeping import alone
from api.jobs.reaper import living
from api.jobs.supervisor import silences
from api.settings import Settings
from api.store.database import is_sqlite, reading, writing
from api.store.schema import workers
from models.faults import BadSettings


@pytest.fixture
def name(engines: sa.Engine, settings: Settings) -> Iterator[Name]:
    made = Name(engines, settings, "w1")
    made.take()
    yield made
    made.leave(remove=False)


def heart(name: Name, settings: Settings) -> Heart:
    return Heart(name, settings, lambda: (1, 12.5), lambda: None)


def test_a_name_is_one_process_s(engines: sa.Engine, settings: Settings, name: Name) -> None:
    with pytest.raises(BadSettings, match="Another process is the worker w1"):
        Name(engines, settings, "w1").take(0.3)
    other = Name(engines, settings, "w2")
    other.take()
    other.leave(remove=False)
    name.leave(remove=False)
    again = Name(engines, settings, "w1")
    again.take(5)
    again.leave(remove=False)


def test_the_clock_is_the_database_s(engines: sa.Engine) -> None:
    """Here both are on one machine, so they agree."""
    with reading(engines) as connection:
        assert connection.scalar(sa.select(clock(connection))) == pytest.approx(time.time(), abs=60)


def test_who_is_heard_of_lives(engines: sa.Engine, settings: Settings, name: Name) -> None:
    heart(name, settings).beat()
    assert living(engines, 60) == {"w1"}
    pid, silent = silences(engines)["w1"]
    assert pid > 0
    assert silent < 60
    with writing(engines) as connection:
        connection.execute(sa.update(workers).values(heartbeat=workers.c.heartbeat - 100))
    assert living(engines, 60) == set()
    assert silences(engines)["w1"][1] > 60
    heart(name, settings).beat()
    assert living(engines, 60) == {"w1"}
    name.leave(remove=True)
    assert silences(engines) == {}


def test_a_name_whose_connection_was_cut_is_taken_again(
    postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.store.database import connect

    monkeypatch.setattr(heartbeat, "GHOST", 0.5)
    engine = connect(postgres_settings)
    assert not is_sqlite(engine)
    with ExitStack() as cleanup:
        cleanup.callback(engine.dispose)
        name = Name(engine, postgres_settings, "w1")
        name.take()
        cleanup.callback(lambda: name.leave(remove=False))
        beating = heart(name, postgres_settings)
        beating.beat()
        cut(engine)
        with pytest.raises(sa.exc.DBAPIError):
            beating.beat()
        beating.beat()  # a new connection, the name again
        with pytest.raises(BadSettings):
            Name(engine, postgres_settings, "w1").take()
        cut(engine)
        with pytest.raises(sa.exc.DBAPIError):
            beating.beat()
        other = Name(engine, postgres_settings, "w1")
        other.take()
        cleanup.callback(lambda: other.leave(remove=False))
        with pytest.raises(BadSettings):  # somebody else was quicker
            beating.beat()


def cut(engine: sa.Engine) -> None:
    """End the connections that hold advisory locks."""
    with engine.connect() as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        assert connection.execute(sa.text(ended)).all() == [(True,)]


def test_one_at_a_time(engines: sa.Engine, settings: Settings) -> None:
    with alone(engines, settings, "tidy") as mine, alone(engines, settings, "tidy") as also:
        assert (mine, also) == (True, False)
        with alone(engines, settings, "deliver") as other:
            assert other
    with alone(engines, settings, "tidy") as mine:
        assert mine
