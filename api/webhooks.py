"""Webhooks: an address is told that a job has ended.

The row of a delivery is written in the transaction that ends the job (:func:`note_end`), so that none is
forgotten; :func:`deliver_due` sends what is due, again and again with growing pauses until the receiver says
2xx. It is told at least once: the id of the delivery stays the same, a receiver takes it once.

Only metadata is sent. Headers and signature follow the Standard Webhooks: HMAC-SHA256 over
``id.timestamp.body``, base64, as ``Webhook-Signature: v1,...``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa
import structlog

from api.addresses import Target, TargetRefused, resolve
from api.settings import Settings
from api.store.database import writing
from api.store.schema import deliveries, facts

SECRET_FACT = "webhook_secret"
SECRET_PREFIX = "whsec_"
PAUSES = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds between one attempt and the next; after the last of them it is given up."""
LEASE = 60.0
"""Seconds for which a delivery belongs to who took it; then somebody else may try."""
PATIENCE = 15.0
"""Seconds for the whole of one attempt: name, connection, answer."""
GONE = 410
"""The receiver wants no more."""

_log = structlog.get_logger(__name__)


def note_end(connection: sa.Connection, job: Mapping[str, Any]) -> None:
    """Write down that the address of a job is to be told of its end, in the transaction that ends it.

    ``job`` is its row as ended. Without an address nothing is written; a second call changes nothing.
    """
    if not job["webhook"]:
        return
    id = hashlib.sha256(f"end.{job['id']}".encode()).hexdigest()[:32]
    if connection.execute(sa.select(deliveries.c.id).where(deliveries.c.id == id)).first() is not None:
        return
    connection.execute(
        sa.insert(deliveries).values(
            id=id, job=job["id"], url=job["webhook"], body=body(job), attempts=0, next=time.time()
        )
    )


def body(job: Mapping[str, Any]) -> str:
    """What the receiver is told: which job, how it ended, where to ask. No figures of the plan."""
    names = ("id", "kind", "state", "solver_status", "title", "tags", "parent", "batch", "member")
    times = ("attempt", "created", "started", "finished", "seconds", "cached_from")
    problem = job["problem"]
    data = {name: job[name] for name in (*names, *times)}
    data["problem"] = None if problem is None else problem.get("type")
    data["url"] = f"/v1/jobs/{job['id']}"
    at = job["finished"] if job["finished"] is not None else time.time()
    return json.dumps({"type": "job.ended", "timestamp": at, "data": data}, separators=(",", ":"))


def secret(engine: sa.Engine) -> str:
    """The secret that signs deliveries, ``whsec_`` and base64; made when first asked for, then the same."""
    wanted = sa.select(facts.c.value).where(facts.c.name == SECRET_FACT)
    with engine.connect() as connection:
        known: str | None = connection.execute(wanted).scalar()
    if known is not None:
        return known
    fresh = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        with writing(engine) as connection:
            connection.execute(sa.insert(facts).values(name=SECRET_FACT, value=fresh))
    except sa.exc.IntegrityError:  # somebody was quicker
        with engine.connect() as connection:
            return str(connection.execute(wanted).scalar_one())
    return fresh


def signature(key: str, id: str, timestamp: int, text: str) -> str:
    """The value of ``Webhook-Signature``: ``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``."""
    raw = base64.b64decode(key.removeprefix(SECRET_PREFIX))
    digest = hmac.new(raw, f"{id}.{timestamp}.{text}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Delivered:
    """What one round came to."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def deliver_due(engine: sa.Engine, settings: Settings, *, limit: int = 50) -> Delivered:
    """Send what is due, at most ``limit`` side by side, and write down what came of each.

    Safe in many processes at once: who takes a delivery has it for a minute. Raises nothing for a receiver
    that fails; errors of the database are raised.
    """
    now = time.time()
    with engine.connect() as connection:
        # Without anything due, which is nearly always, this is all that is done.
        due = sa.select(deliveries).where(deliveries.c.next <= now).order_by(deliveries.c.next).limit(limit)
        rows = [dict(row) for row in connection.execute(due).mappings()]
    taken = [row for row in rows if _take(engine, row, now)]
    if not taken:
        return Delivered()
    key = secret(engine)
    answers = asyncio.run(_send_all(taken, key, settings))
    sent = failed = given_up = 0
    for row, error in zip(taken, answers, strict=True):
        last = error is not None and (error.final or row["attempts"] >= len(PAUSES))
        _note(engine, row, error, last)
        sent += error is None
        failed += error is not None
        given_up += last
    return Delivered(sent, failed, given_up)


@dataclass(frozen=True)
class _Failure:
    text: str
    final: bool = False


def _take(engine: sa.Engine, row: Mapping[str, Any], now: float) -> bool:
    """Whether this delivery is ours for the time of a lease."""
    mine = (
        sa.update(deliveries)
        .where(deliveries.c.id == row["id"], deliveries.c.next == row["next"])
        .values(next=now + LEASE)
    )
    with writing(engine) as connection:
        return connection.execute(mine).rowcount == 1


def _note(engine: sa.Engine, row: Mapping[str, Any], error: _Failure | None, last: bool) -> None:
    now = time.time()
    values: dict[str, Any] = {"attempts": row["attempts"] + 1, "next": None, "error": None}
    log = _log.bind(job=row["job"], delivery=row["id"], attempt=values["attempts"])
    if error is None:
        values["delivered"] = now
        log.info("webhook delivered")
    else:
        values["error"] = error.text
        if not last:
            # Not all at once after an outage of the receiver.
            values["next"] = now + PAUSES[row["attempts"]] * random.uniform(1.0, 1.2)
        log.warning("webhook given up" if last else "webhook not delivered", error=error.text)
    with writing(engine) as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.id == row["id"]).values(values))


async def _send_all(rows: list[dict[str, Any]], key: str, settings: Settings) -> list[_Failure | None]:
    # No proxies of the environment: the address that was checked is the one connected to.
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=PATIENCE) as client:
        return await asyncio.gather(*(_send(client, row, key, settings) for row in rows))


async def _send(
    client: httpx.AsyncClient, row: Mapping[str, Any], key: str, settings: Settings
) -> _Failure | None:
    try:
        async with asyncio.timeout(PATIENCE):
            target = await resolve(row["url"], private=settings.allow_private_webhooks)
            status = await _post(client, target, row, key)
    except TargetRefused as error:
        return _Failure(str(error), final=True)
    except TimeoutError:
        return _Failure(f"no answer within {PATIENCE:g} s")
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return _Failure(f"{type(error).__name__}: {error}"[:500])
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return _Failure(f"answered {status}; redirects are not followed")
    return _Failure(f"answered {status}", final=status == GONE)


async def _post(client: httpx.AsyncClient, target: Target, row: Mapping[str, Any], key: str) -> int:
    """Send to the very address that was checked, under the name that was asked for; tell the status."""
    now = int(time.time())
    headers = {
        "Host": target.host_header,
        "Content-Type": "application/json",
        "User-Agent": "stockpile",
        "Webhook-Id": row["id"],
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": signature(key, row["id"], now, row["body"]),
    }
    extensions = {"sni_hostname": target.name} if target.secure else {}
    request = client.build_request(
        "POST", target.url, content=row["body"].encode(), headers=headers, extensions=extensions
    )
    # The body of the answer is not read: it may be endless.
    answer = await client.send(request, stream=True)
    await answer.aclose()
    return answer.status_code
