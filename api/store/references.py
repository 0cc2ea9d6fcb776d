"""What refers to what: the one place that knows, for whoever is about to remove something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


def mentioned(work: Any) -> set[str]:
    """Everything in the work of a job that can be the id of an instance, a plan or a job.

    Whatever the field: a kind of work that is added later cannot be forgotten here.
    """
    return set(_ids(work))


def _ids(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if _ID.fullmatch(value):
                yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
