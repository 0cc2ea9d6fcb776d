"""Options that name a server. Nothing heavy is imported here: every command has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.client import Client
    from api.client.retry import Retry
    from models.faults import StockpileError
    from models.jobs import Request

R = TypeVar("R", bound="Request")

Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="STOCKPILE_SERVER",
        show_envvar=False,
        help="Let a server do the work, e.g. --server http://127.0.0.1:8642; also STOCKPILE_SERVER.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="STOCKPILE_KEY",
        show_envvar=False,
        help="API key of the server, e.g. --key sp_...; better STOCKPILE_KEY, which others do not see.",
    ),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Send the key to a server that is not encrypted (http).")
]
Detach = Annotated[
    bool, typer.Option("--detach", help="With --server: submit, print the job's id and leave.")
]


@dataclass(frozen=True)
class Where:
    """A server, and whether its answer is waited for."""

    url: str
    key: str | None = field(default=None, repr=False)
    insecure: bool = False
    detach: bool = False

    def client(self, retry: Retry, pause: Callable[[float, StockpileError], None] | None = None) -> Client:
        """A connection. Raises BadServer."""
        from api.client import Client
        from api.client.sync import sleep

        return Client(self.url, self.key, insecure=self.insecure, retry=retry, pause=pause or sleep)

    def command(self, verb: str, job: str) -> str:
        """What to type to go on with a job."""
        return f"stockpile jobs {verb} {job} --server {self.url}{' --insecure' if self.insecure else ''}"


def where(server: str | None, key: str | None, insecure: bool, detach: bool = False) -> Where | None:
    """The server that is asked for, if one is; an empty name is none. Raises BadParameter."""
    if server:
        return Where(server, key or None, insecure, detach)
    if detach:
        raise typer.BadParameter("--detach goes with --server: here nothing runs on by itself.")
    return None


def needed(server: str | None, key: str | None, insecure: bool) -> Where:
    """The server, which must be named. Raises BadParameter."""
    found = where(server, key, insecure)
    if found is None:
        raise typer.BadParameter("name the server: --server URL, or STOCKPILE_SERVER.")
    return found


def asked_for(kind: type[R], **fields: Any) -> R:
    """A request of a kind. Raises BadParameter for what the service would not take."""
    from pydantic import ValidationError

    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise typer.BadParameter(f"{at}: {first['msg']}.") from error
