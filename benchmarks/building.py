"""Building what the decomposition solves, stage by stage: seconds and memory.

``python -m benchmarks.building benchmarks/cases/bench-100.json``. Memory is what is held after a stage, and
the most that was held during it; the latter is reset between stages where the system allows (Linux).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from models.files import read
from optimizer.compile import no_collection
from optimizer.cones import cones
from optimizer.data import Data
from optimizer.decompose.allowance import allow
from optimizer.decompose.conditions import with_conditions
from optimizer.decompose.implied import bounds_of, closed
from optimizer.decompose.joining import substitute
from optimizer.decompose.partition import SPINE, partition, roomy
from optimizer.decompose.preparing import BOX, Nodes
from optimizer.decompose.split import split
from optimizer.scaling import equilibrate
from optimizer.template import Template

T = TypeVar("T")
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory(field: str) -> float:
    """Megabytes by a field of the process's status."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return float(line.split()[1]) / 1024


def staged(name: str, work: Callable[[], T]) -> T:
    """Do the work of a stage and print what it took."""
    RESET.write_text("5")
    begun = time.process_time()
    result = work()
    spent = time.process_time() - begun
    print(
        f"{name:12s} {spent:7.2f} s  {memory('VmRSS'):7,.0f} MB, at most {memory('VmHWM'):7,.0f}", flush=True
    )
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    path = parser.parse_args().path
    with no_collection():
        build(path)


def build(path: Path) -> None:
    """All stages."""
    instance = staged("read", lambda: read(path))
    data = staged("tree, states", lambda: Data(instance))
    template = Template(instance)
    staged("learn", lambda: template.learn((n.period, data.states[n.id]) for n in data.tree.nodes))
    arrays = staged("arrays", lambda: template.arrays(data.tree, data.states))
    columns, rows = template.names_at_nodes
    nodes = Nodes(data.tree, columns, rows)
    staged("cones", lambda: cones(arrays))
    at_columns = staged("of columns", lambda: nodes.of_columns(arrays))
    at_rows = staged("of rows", lambda: nodes.of_rows(arrays))
    part = staged("partition", lambda: partition(data.tree, roomy(data.tree, at_rows)))
    own = np.append(part.owner, SPINE)
    scaled, _ = staged("equilibrate", lambda: equilibrate(arrays))
    original = staged("split", lambda: split(scaled, own[at_rows], own[at_columns], part.probability))
    joined, _ = staged("substitute", lambda: substitute(original))
    bounds = staged("implied", lambda: bounds_of(joined))
    whole = staged("conditions", lambda: with_conditions(joined, bounds))
    box = staged("box", lambda: closed(whole, bounds, BOX))
    allowed = staged("allow", lambda: allow(whole, box.low_subs, box.high_subs))
    m, s = allowed.whole.master, allowed.whole.subproblems
    print(
        f"master {m.matrix.shape}, {m.matrix.nnz:,} entries; {s.count:,} subproblems {s.matrix.shape}, "
        f"{s.matrix.nnz:,} entries, {s.linking.nnz:,} of them linking"
    )


if __name__ == "__main__":
    main()
