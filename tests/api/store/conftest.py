"""Both databases, and both ways to keep blobs in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.settings import Settings
from api.store import schema
from api.store.blobs import Blobs
from api.store.database import connect
from api.store.documents import Documents
from api.store.files import FileBlobs
from api.store.table import TableBlobs


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def everything(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sa.Engine]:
    """One database for all tests; each finds it empty by :func:`engine`."""
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").url.render_as_string(hide_password=False)
    engine = connect(Settings(data=tmp_path_factory.mktemp("data"), database_url=url))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(everything: sa.Engine) -> sa.Engine:
    with everything.begin() as connection:
        for table in schema.metadata.sorted_tables:
            if table is not schema.facts:
                connection.execute(sa.delete(table))
    return everything


@pytest.fixture(params=["files", "table"])
def blobs(request: pytest.FixtureRequest, engine: sa.Engine, tmp_path: Path) -> Blobs:
    return FileBlobs(tmp_path / "blobs") if request.param == "files" else TableBlobs(engine)


@pytest.fixture
def documents(engine: sa.Engine, blobs: Blobs) -> Documents:
    return Documents(engine, blobs)
