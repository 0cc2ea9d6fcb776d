"""Settings of the service, from the environment: ``STOCKPILE_`` and the name in capitals.

docs/service.md lists every one; a test compares.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a platform engineer may decide."""

    model_config = SettingsConfigDict(env_prefix="STOCKPILE_", frozen=True, extra="forbid")

    data: Path = Field(
        default=Path("stockpile-data"), description="folder of the database, blobs and work files"
    )
    database_url: str | None = Field(
        default=None, description="a PostgreSQL URL; by default SQLite in the data folder"
    )
    blobs: Literal["files", "database"] | None = Field(
        default=None, description="where documents and results lie; files with SQLite, else the database"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8642, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(default=1, ge=0, le=64, description="worker processes that serve starts")
    slots: int = Field(default=os.cpu_count() or 1, ge=1, le=256, description="jobs at a time in each worker")
    worker_id: str | None = Field(
        default=None, description="name of a worker, stable over restarts; host name and number"
    )
    poll_seconds: float = Field(default=0.2, gt=0, le=10, description="how often workers look for jobs")
    heartbeat_seconds: float = Field(
        default=1.0, gt=0, le=30, description="how often workers say that they live"
    )
    dead_seconds: float = Field(
        default=5.0, gt=0, le=300, description="silence after which a worker's jobs go to others"
    )
    attempts: int = Field(
        default=5, ge=1, le=100, description="runs begun before a job that loses its worker fails"
    )
    grace_seconds: float = Field(
        default=1.0, ge=0, le=60, description="between asking a cancelled solve and killing it"
    )
    job_seconds: float = Field(default=86_400, gt=0, description="wall clock of a job at most")
    job_memory_gb: float | None = Field(
        default=None, gt=0, description="memory of a job at most; the machine's over slots"
    )
    job_threads: int | None = Field(
        default=None, ge=1, le=256, description="threads of a job at most; cores over slots"
    )
    derive_seconds: float = Field(
        default=300, gt=0, description="making of a report or a model file on demand at most"
    )
    derive_memory_gb: float = Field(default=4, gt=0, description="memory of that at most")
    queue_limit: int = Field(default=10_000, ge=1, description="jobs waiting at most, of one tenant")
    body_mb: int = Field(default=64, ge=1, le=1024, description="size of a request at most")
    requests_per_minute: int = Field(default=6000, ge=1, description="of one key")
    retention_days: float = Field(default=30, gt=0, description="results of finished jobs are kept so long")
    forget_days: float = Field(default=365, gt=0, description="rows of expired jobs are kept so long")
    prune_hours: float = Field(default=6, gt=0, description="how often expired things are removed")
    allow_private_webhooks: bool = Field(
        default=False, description="webhooks may go to private and loopback addresses"
    )
    allow_anonymous: bool = Field(
        default=True, description="on loopback, requests without a key while there are no keys"
    )
    session_hours: float = Field(default=12, gt=0, le=8760, description="until a login to the pages ends")
    log_format: Literal["json", "text"] = Field(default="json", description="of the log on stderr")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="of the log")
