"""``python -m api.http``: the HTTP process. ``--fd`` is a socket that listens already, of the supervisor."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence

from fastapi import FastAPI
from pydantic import ValidationError

from api import logs
from api.http.app import make_app
from api.http.server import serve
from api.jobs.engine import Engine
from api.jobs.supervisor import listen
from api.settings import Settings
from api.store.database import connect
from api.store.documents import Documents, blobs
from api.store.keys import Keys
from models.faults import StockpileError


def main(arguments: Sequence[str]) -> int:
    """Serve until asked to end; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m api.http", description="The HTTP process of stockpile.")
    parser.add_argument("--fd", type=int, help="file descriptor of a socket that listens already")
    options = parser.parse_args(arguments)
    try:
        settings = Settings()
        logs.configure(settings)
        with _listener(settings, options.fd) as listener:
            serve(listener, lambda: assemble(settings))
    except ValidationError as error:
        wrong = (f"STOCKPILE_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        print(f"stockpile: {'; '.join(wrong)}.", file=sys.stderr)
        return 2
    except StockpileError as error:
        print(f"stockpile: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def assemble(settings: Settings) -> FastAPI:
    """The application over the database of the settings. Raises Unavailable, StorageFull, NewerDatabase."""
    engine = connect(settings)
    return make_app(
        settings,
        jobs=Engine(engine, settings),
        documents=Documents(engine, blobs(settings, engine)),
        keys=Keys(engine),
        engine=engine,
    )


def _listener(settings: Settings, fd: int | None) -> socket.socket:
    if fd is not None:
        return socket.socket(fileno=fd)
    engine = connect(settings)
    try:
        return listen(settings, Keys(engine))
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
