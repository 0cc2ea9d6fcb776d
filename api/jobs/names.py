"""Names the submitting and the working side share."""

from __future__ import annotations

QUEUE = "jobs"
"""The DBOS queue of single runs."""
RUN = "run"
"""The workflow of one run; its id is the job's."""
GATHER = "gather"
"""The workflow that puts a batch together; its id is the job's with ``-gather``."""
APPLICATION = "stockpile"
"""Told to DBOS as name and as application version: workers of every version serve every job."""
