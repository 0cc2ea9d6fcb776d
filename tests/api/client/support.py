"""A server made of answers written down beforehand; and time that passes at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from api.client import Client, Retry
from api.client.retry import PATIENT
from models.faults import StockpileError

URL = "http://127.0.0.1:8642"
ID = "0123456789abcdef0123456789abcdef"
JOB: dict[str, Any] = {"id": ID, "kind": "solve", "state": "queued", "work": {}, "created": 0.0}

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script:
    """Gives the answers one after the other, the last one for ever, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: Sequence[Answer] = answers
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self.reasons: list[StockpileError] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    async def asynchronously(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)

    def pause(self, seconds: float, reason: StockpileError) -> None:
        self.waits.append(seconds)
        self.reasons.append(reason)

    def client(self, retry: Retry = PATIENT, **more: Any) -> Client:
        return Client(URL, retry=retry, pause=self.pause, transport=httpx.MockTransport(self), **more)


def answer(status: int, document: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=document, headers={k.replace("_", "-"): v for k, v in headers.items()})


def problem(status: int, name: str, detail: str = "", **more: Any) -> httpx.Response:
    document = {"type": f"urn:stockpile:{name}", "title": "...", "status": status, "detail": detail, **more}
    content = json.dumps(document).encode()
    return httpx.Response(status, content=content, headers={"Content-Type": "application/problem+json"})


def refused() -> httpx.ConnectError:
    return httpx.ConnectError("[Errno 111] Connection refused", request=httpx.Request("GET", URL))
