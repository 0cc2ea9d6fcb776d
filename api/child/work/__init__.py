"""What each kind of work does in the child: inputs from the folder, result into the folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from api.child.order import Order
from api.child.tell import Teller
from api.child.work.compare import compare_work
from api.child.work.evaluate import evaluate_work
from api.child.work.sample import sample_work
from api.child.work.solve import solve_work

WORK: Mapping[str, Callable[[Order, float, Teller, threading.Event], Mapping[str, Any]]] = {
    "solve": solve_work,
    "compare": compare_work,
    "evaluate": evaluate_work,
    "sample": sample_work,
}
"""By kind: order, deadline (of ``time.monotonic``), teller, stop; returns fields of an Outcome."""
