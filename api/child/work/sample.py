"""A sample, as ``stockpile sample --out result/instance.json`` makes it, and what is told of it."""

from __future__ import annotations

import json
import threading
from typing import Any

from api.child.order import Order
from api.child.tell import Teller
from api.child.work.folder import INSTANCE, instance_in, result_in
from models import files
from models.faults import TooLarge
from models.files import limits
from models.files.atomic import write_file
from models.instance import Instance
from models.jobs import SampleWork
from models.tables import grids
from optimizer.scenarios.study import study

DOCUMENT = "sample.json"


def sample_work(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> dict[str, Any]:
    """Sample, measure, write. It has no incumbent: whoever stops it gets what it would have given."""
    work = SampleWork.model_validate(order.work)
    instance = instance_in(order.folder)
    tell.progress("sample")
    found = study(
        instance,
        work.n,
        work.seed,
        branching=work.branching or None,
        rate=work.rate,
        reduce_to=work.reduce,
    )
    tell.progress("write")
    check_size(found.instance)
    asked = {"seed": work.seed, "branching": list(work.branching), "rate": work.rate}
    document = json.dumps(found.document() | asked, ensure_ascii=False, indent=1, allow_nan=False)
    with result_in(order.folder) as folder:
        files.write(found.instance, folder / INSTANCE)
        write_file(folder / DOCUMENT, document.encode() + b"\n")
    return {}


def check_size(instance: Instance) -> None:
    """Raise TooLarge for an instance that could not be read again."""
    cells = max(len(grid.rows) * len(grid.columns) for grid in grids(instance))
    if cells > limits.VALUES:
        raise TooLarge(f"{cells:,} cells in one table, at most {limits.VALUES:,}: sample fewer, or reduce.")
