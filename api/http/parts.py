"""What the routes are given: the settings and the parts behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from api.http.limits import Buffered, Rates
from api.http.sse import Streams
from api.jobs.port import Jobs
from api.settings import Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from api.store.documents import Documents
    from api.store.keys import Keys


@dataclass
class Parts:
    """One of each in a process; ``request.app.state.parts``."""

    settings: Settings
    jobs: Jobs
    documents: Documents
    keys: Keys
    engine: sa.Engine | None
    streams: Streams
    rates: Rates
    buffered: Buffered


async def parts(request: Request) -> Parts:
    """Those of the application."""
    found: Parts = request.app.state.parts
    return found


Needs = Annotated[Parts, Depends(parts)]
"""Type of a route's parameter that takes them."""
