"""The tables of the service. Times are seconds since 1970, UTC.

Job rows are the truth about jobs; the engine (DBOS, tables of its own in the same database) only says who
runs what. Documents and results are blobs; rows hold their digests.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

keys = sa.Table(
    "stockpile_keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),  # told in lists and logs; first part of the key
    sa.Column("tenant", sa.String(200), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("hash", sa.Text, nullable=False),  # Argon2 of the secret part
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
    sa.Column("revoked", sa.Float),
    sa.Column("used", sa.Float),
)

sessions = sa.Table(
    "stockpile_sessions",  # of the pages
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # SHA-256 of the token in the cookie
    sa.Column("key", sa.String(16), nullable=False),  # id of the key it was begun with: tenant and role
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("expires", sa.Float(53), nullable=False),
    sa.Index("stockpile_sessions_expires", "expires"),
)

logins = sa.Table(
    "stockpile_logins",  # attempts to begin a session, of late
    metadata,
    sa.Column("who", sa.String(200), primary_key=True),  # address, or id of a key
    sa.Column("since", sa.Float(53), nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)

instances = sa.Table(
    "stockpile_instances",
    metadata,
    sa.Column("tenant", sa.String(200), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),  # fingerprint; also the digest's row in blobs
    sa.Column("blob", sa.String(64), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("warnings", sa.JSON, nullable=False),
    sa.Column("figures", sa.JSON, nullable=False),  # commodities, periods, scenarios ... for lists
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("used", sa.Float, nullable=False),
)

drafts = sa.Table(
    "stockpile_drafts",  # instances that are not finished
    metadata,
    sa.Column("tenant", sa.String(200), primary_key=True),
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),  # of the file, or of the instance it began as
    sa.Column("origin", sa.String(64)),  # instance it began as
    sa.Column("version", sa.Integer, nullable=False),  # raised with every change
    sa.Column("faults", sa.Integer),  # as of the last check
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("first", sa.LargeBinary, nullable=False),  # as it was sent; both packed
    sa.Column("data", sa.LargeBinary, nullable=False),  # as it is now
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("used", sa.Float(53), nullable=False),
)

plans = sa.Table(
    "stockpile_plans",  # plans that were sent, not found here
    metadata,
    sa.Column("tenant", sa.String(200), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),  # digest of the blob
    sa.Column("instance", sa.String(64), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("used", sa.Float, nullable=False),
)

jobs = sa.Table(
    "stockpile_jobs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),  # order of submission
    sa.Column("id", sa.String(32), nullable=False, unique=True),
    sa.Column("tenant", sa.String(200), nullable=False),
    sa.Column("key", sa.String(16)),  # id of the key that submitted it
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("title", sa.String(200)),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("turn", sa.Float, nullable=False),  # place in the fair order within a priority
    sa.Column("instance", sa.String(64)),
    sa.Column("work", sa.JSON, nullable=False),
    sa.Column("cache_key", sa.String(64), nullable=False),
    sa.Column("limits", sa.JSON, nullable=False),
    sa.Column("parent", sa.String(32)),
    sa.Column("batch", sa.String(32)),
    sa.Column("member", sa.String(200)),
    sa.Column("webhook", sa.Text),
    sa.Column("solver_status", sa.String(20)),
    sa.Column("objective", sa.Float(53)),
    sa.Column("bound", sa.Float(53)),
    sa.Column("gap", sa.Float(53)),
    sa.Column("relative_gap", sa.Float(53)),
    sa.Column("done", sa.Integer),
    sa.Column("total", sa.Integer),
    sa.Column("phase", sa.String(40)),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("returned", sa.Integer, nullable=False, default=0),  # runs that a leaving worker gave back
    sa.Column("worker", sa.String(100)),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("finished", sa.Float),
    sa.Column("expires", sa.Float),
    sa.Column("seconds", sa.Float),
    sa.Column("memory_mb", sa.Float),
    sa.Column("cached_from", sa.String(32)),
    sa.Column("problem", sa.JSON),
    sa.Column("result", sa.String(64)),
    sa.Column("stop_asked", sa.Float),
    sa.Column("cancel_asked", sa.Float),
    sa.Column("events", sa.Integer, nullable=False, default=0),  # id of the last event
    sa.Column("version", sa.Integer, nullable=False, default=0),
    sa.Index("stockpile_jobs_tenant", "tenant", "number"),
    sa.Index("stockpile_jobs_state", "state", "priority", "turn"),
    sa.Index("stockpile_jobs_waiting", "tenant", "state", "turn"),
    sa.Index("stockpile_jobs_turns", "tenant", "priority", "turn"),
    sa.Index("stockpile_jobs_cache", "tenant", "cache_key"),
    sa.Index("stockpile_jobs_batch", "batch"),
    sa.Index("stockpile_jobs_parent", "parent"),
    sa.Index("stockpile_jobs_finished", "finished"),
)

tags = sa.Table(
    "stockpile_tags",
    metadata,
    sa.Column("job", sa.String(32), primary_key=True),
    sa.Column("tag", sa.String(200), primary_key=True),
    sa.Index("stockpile_tags_tag", "tag"),
)

events = sa.Table(
    "stockpile_events",
    metadata,
    sa.Column("job", sa.String(32), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("type", sa.String(10), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
)

submissions = sa.Table(
    "stockpile_submissions",  # idempotency keys
    metadata,
    sa.Column("tenant", sa.String(200), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("body", sa.String(64), nullable=False),  # SHA-256 of the request
    sa.Column("job", sa.String(32), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Index("stockpile_submissions_job", "job"),
)

checkpoints = sa.Table(
    "stockpile_checkpoints",
    metadata,
    sa.Column("job", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(300), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

workers = sa.Table(
    "stockpile_workers",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),  # executor id, stable over restarts
    sa.Column("host", sa.String(200), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("busy", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Float, nullable=False),  # of its children, now
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("heartbeat", sa.Float, nullable=False),  # by the clock of the database
)

deliveries = sa.Table(
    "stockpile_deliveries",  # of webhooks
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("job", sa.String(32), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next", sa.Float),  # None: delivered or given up
    sa.Column("delivered", sa.Float),
    sa.Column("error", sa.Text),
    sa.Index("stockpile_deliveries_next", "next"),
    sa.Index("stockpile_deliveries_job", "job"),
)

blobs = sa.Table(
    "stockpile_blobs",  # only where blobs are kept in the database
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("written", sa.Float, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

derived = sa.Table(
    "stockpile_derived",  # what was made on demand from a result or an instance; can be made again
    metadata,
    sa.Column("source", sa.String(64), primary_key=True),  # digest of the manifest, or id of the instance
    sa.Column("kind", sa.String(20), primary_key=True),  # report, mps, lp, columns
    sa.Column("version", sa.String(40), primary_key=True),  # of stockpile
    sa.Column("blob", sa.String(64), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

facts = sa.Table(
    "stockpile_facts",  # version of the schema, secret of webhooks, last pruning
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
