"""Cases × methods: seconds by phase, gap reached, peak memory; ``make bench``.

Each solve runs in a process of its own, one after the other, so that memory and threads are its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).resolve().parent.parent
CASES = {
    "bench-20": "benchmarks/cases/bench-20.json",
    "bench-100": "benchmarks/cases/bench-100.json",
    "us-vault-2026": "instances/us-vault-2026",
}
PHASES = ("formulation", "arrays", "search", "polish", "marginals", "audit")


def measure(case: str, method: str, gap: float, limit: float) -> dict[str, Any]:
    """One solve in this process. Seconds; peak memory in MB."""
    from models.files import read
    from models.options import Options
    from optimizer.solve import solve

    options = Options.model_validate({"relative_gap": gap, "time_limit": limit, "method": method})
    plan = solve(read(ROOT / CASES[case]), options)
    return {
        "case": case,
        "method": method,
        "status": plan.status,
        "objective": plan.objective,
        "gap": plan.relative_gap,
        "nodes": plan.effort.branch_nodes,
        **{phase: plan.effort.seconds.get(phase, 0.0) for phase in PHASES},
        "total": sum(plan.effort.seconds.values()),
        "in_highs": plan.effort.highs_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def apart(case: str, method: str, gap: float, limit: float) -> dict[str, Any]:
    """One solve in a process of its own. Raises CalledProcessError with what it printed."""
    command = [sys.executable, "-m", "benchmarks.run", "--one", case, method, str(gap), str(limit)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def methods() -> tuple[str, ...]:
    """Every method there is; which of them ``auto`` takes follows from the tree."""
    from models.options import Options

    return tuple(m for m in get_args(Options.model_fields["method"].annotation) if m != "auto")


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    gap = "–" if row["gap"] is None else f"{row['gap']:.3%}"
    seconds = "".join(f"{row[phase]:>12.1f}" for phase in (*PHASES, "total", "in_highs"))
    return f"{row['case']:<15}{row['method']:<11}{gap:>9}{row['nodes']:>7}{seconds}{row['peak_mb']:>9.0f}"


def main() -> None:
    """Measure and print, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--methods", nargs="+", default=list(methods()))
    parser.add_argument("--gap", type=float, default=5e-3)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for each solve")
    parser.add_argument("--one", nargs=4, metavar=("CASE", "METHOD", "GAP", "LIMIT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        case, method, gap, limit = chosen.one
        print(json.dumps(measure(case, method, float(gap), float(limit))))
        return
    titles = "".join(f"{name:>12}" for name in (*PHASES, "total", "in HiGHS"))
    print(f"{'case':<15}{'method':<11}{'gap':>9}{'nodes':>7}{titles}{'MB':>9}   (seconds)")
    for case in chosen.cases:
        for method in chosen.methods:
            print(line(apart(case, method, chosen.gap, chosen.limit)), flush=True)


if __name__ == "__main__":
    main()
