"""Decomposition of one instance: building, relaxation, every set of decisions settled, the search.

``python -m benchmarks.decomposition benchmarks/cases/bench-100.json --gap 0.001``. Seconds are those of the
processor, all threads together, so that a busy machine tells nearly the same as an idle one.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from models.files import read
from models.options import Options
from optimizer.data import Data
from optimizer.decompose import Nodes, decompose
from optimizer.highs import Report
from optimizer.template import Template


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--seconds", type=float, help="limit of wall clock on the search")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    begun = time.process_time()
    instance = read(asked.path)
    data = Data(instance)
    template = Template(instance)
    template.learn((node.period, data.states[node.id]) for node in data.tree.nodes)
    arrays = template.arrays(data.tree, data.states)
    columns, rows = template.names_at_nodes
    built = time.process_time()
    size = f"{arrays.shape[0]:,} rows, {arrays.shape[1]:,} columns"
    print(f"{len(data.tree)} nodes, {size}: {built - begun:.1f} s")

    def report(now: Report) -> None:
        bound, plan = now.bound * data.units.money, now.incumbent * data.units.money
        spent = time.process_time() - built
        print(f"{spent:8.1f} s {now.nodes:4d} nodes  bound {bound:,.0f}  plan {plan:,.0f}", flush=True)

    options = Options(relative_gap=asked.gap, threads=asked.threads)
    nodes = Nodes(data.tree, columns, rows)
    found = decompose(arrays, nodes, options, seconds=asked.seconds, report=report)
    gap = (found.objective - found.bound) / abs(found.objective)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{found.end}: USD {found.objective * data.units.money:,.2f}, gap {gap:.4%}, "
        f"{found.branch_nodes} nodes, {time.process_time() - built:.1f} s, {memory:,.0f} MB"
    )


if __name__ == "__main__":
    main()
