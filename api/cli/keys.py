"""``stockpile keys``: create, list, revoke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, emit, say

if TYPE_CHECKING:
    from api.store.keys import KeyRecord, Keys

NAME = "keys"
HELP = "API keys of the service: create, list, revoke."

app = typer.Typer(name=NAME, help=HELP, no_args_is_help=True)


class RoleName(StrEnum):
    """Roles; each may do what those before it may."""

    read = "read"
    submit = "submit"
    admin = "admin"


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for, as people read it.")],
    tenant: Annotated[
        str,
        typer.Option(
            "--tenant",
            help="Who owns what is submitted with it; anonymous owns what came without a key.",
        ),
    ] = "default",
    role: Annotated[
        RoleName, typer.Option("--role", help="What it may do: read, submit as well, or all.")
    ] = RoleName.submit,
    days: Annotated[
        float | None, typer.Option("--days", help="Days until it expires.", show_default="never")
    ] = None,
    as_json: Json = False,
) -> int:
    """Create an API key and print it, this once: only a hash of it is kept.

    Example: stockpile keys create planning --role submit --days 90
    """
    with _keys() as keys:
        record, text = keys.create(tenant, name, role.value, days)
        if as_json:
            emit({**_document(record), "key": text})
        else:
            say(f"{text}\n\nKeep it now; it is not shown again. Tenant {tenant}, role {role.value}.")
    return 0


def list_keys(
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Keys of this tenant.", show_default="all")
    ] = None,
    as_json: Json = False,
) -> int:
    """List the API keys, without their secrets.

    Example: stockpile keys list --tenant default
    """
    with _keys() as keys:
        records = keys.list(tenant)
        if as_json:
            emit({"keys": [_document(record) for record in records]})
        elif not records:
            say("There are no keys. stockpile keys create NAME makes one.")
        else:
            say(_lines([_COLUMNS, *map(_row, records)]))
    return 0


def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, as keys list shows it.")],
    as_json: Json = False,
) -> int:
    """Revoke an API key: within seconds it opens nothing any more.

    Example: stockpile keys revoke 0123456789abcdef
    """
    with _keys() as keys:
        record = keys.revoke(id)
        if as_json:
            emit(_document(record))
        else:
            say(f"{record.id} ({record.name}) is revoked.")
    return 0


app.command("create")(create)
app.command("list")(list_keys)
app.command("revoke")(revoke)


@contextmanager
def _keys() -> Iterator[Keys]:
    """The keys of the database of the settings, which is closed afterwards."""
    from api.settings import Settings
    from api.store.database import connect
    from api.store.keys import Keys

    engine = connect(Settings())
    try:
        yield Keys(engine)
    finally:
        engine.dispose()


def _document(record: KeyRecord) -> dict[str, object]:
    import time
    from dataclasses import asdict

    return {**asdict(record), "valid": record.valid(time.time())}


_COLUMNS = ("id", "name", "tenant", "role", "expires", "last used", "state")


def _row(record: KeyRecord) -> tuple[str, ...]:
    import time

    valid = record.valid(time.time())
    state = "valid" if valid else "revoked" if record.revoked is not None else "expired"
    times = (_when(record.expires), _when(record.used))
    return (record.id, record.name, record.tenant, record.role, *times, state)


def _when(seconds: float | None) -> str:
    from datetime import UTC, datetime

    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _lines(rows: list[tuple[str, ...]]) -> str:
    """Rows with their columns in line, however wide: an id is to be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
