"""One request of the service as data: what is sent, and how its answer is read.

Sync and async clients send the same calls; nothing about requests and answers is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel
from pydantic_core import to_json

from models.faults import NoSuchFile

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)

JSON = "application/json"


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request and the reader of its answer. Every call may be sent again without harm."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    on_demand: bool = False
    """What is asked for may have to be made first; 202 says that it is being made."""

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """As httpx sends it; parameters that are None are left out."""
        params = {name: value for name, value in self.params.items() if value is not None}
        return http.build_request(
            self.method, self.path, params=params, headers=dict(self.headers), content=self.content
        )


def path(*parts: str) -> str:
    """``/v1/...``, each part quoted whole."""
    return "/".join(["/v1", *(quote(part, safe="") for part in parts)])


def nested(text: str) -> list[str]:
    """The parts of the path of a file. Raises NoSuchFile for what would lead out of the result."""
    parts = text.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise NoSuchFile(f"{text!r}.")
    return parts


def body(value: Any, **headers: str) -> dict[str, Any]:
    """Content and headers of a JSON document."""
    return {"content": to_json(value), "headers": {"Content-Type": JSON, "Accept": JSON, **headers}}


def model(kind: type[R]) -> Callable[[httpx.Response], R]:
    """Reads a record; fields that a newer service has added are passed over."""
    return lambda response: kind.model_validate_json(response.content, extra="ignore")


def content(response: httpx.Response) -> bytes:
    """The bytes as they are."""
    return response.content


def nothing(_: httpx.Response) -> None:
    """An answer that says nothing more."""
