"""Cases × methods × phases: time, gap, peak memory, growth, and the floor; ``make bench``.

Every measurement is a process of its own, one after the other. Results are appended to ``results.jsonl`` in
the folder of results; a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.apart import measured
from benchmarks.chart import draw
from benchmarks.registry import CASES, METHODS, ROOT, Case, Method
from benchmarks.rows import Limits, Row, Store
from benchmarks.table import as_csv, as_markdown

QUICK = 100
"""Most scenarios with ``--quick``."""
HOPELESS = ("out of time", "out of memory")
"""What a method that ended so is not asked again at a larger size of the same family."""
SHARE = 0.75
"""Of the machine's memory, for one measurement."""


def main() -> None:
    """Measure, then write the table and the chart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES), metavar="CASE")
    parser.add_argument(
        "--methods", nargs="+", default=list(METHODS), choices=list(METHODS), metavar="METHOD"
    )
    parser.add_argument("--quick", action="store_true", help=f"no more than {QUICK} scenarios")
    parser.add_argument("--gap", type=float, default=Limits.gap, help="relative gap asked for")
    parser.add_argument("--limit", type=float, default=Limits.seconds, help="seconds for each measurement")
    parser.add_argument(
        "--memory", type=float, help="MB for each; three quarters of the machine's by default"
    )
    parser.add_argument("--threads", type=int, help="by default as many as there are cores")
    parser.add_argument("--again", action="store_true", help="measure anew what has been measured")
    parser.add_argument("--hopeless", action="store_true", help="try what failed at a smaller size, too")
    parser.add_argument("--table", action="store_true", help="measure nothing, write table and chart")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench", help="folder of results")
    asked = parser.parse_args()
    # Asked to end, it takes what it has started with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    limits = Limits(
        asked.gap,
        asked.limit,
        asked.memory or float(round(SHARE * machine_mb())),
        asked.threads or len(os.sched_getaffinity(0)),
    )
    store = Store(asked.out / "results.jsonl")
    cases = [CASES[name] for name in asked.cases if not asked.quick or CASES[name].scenarios <= QUICK]
    methods = [METHODS[name] for name in asked.methods]
    besides: list[Row] = []
    try:
        if not asked.table:
            for row in measure(cases, methods, limits, store, again=asked.again, hopeless=asked.hopeless):
                if row.key not in store.rows:
                    besides.append(row)
                print(line(row), flush=True)
    finally:
        kept = [row for row in store.rows.values() if row.limits == limits]
        for path in publish([*kept, *besides], asked.out):
            print(path)


def measure(
    cases: Iterable[Case],
    methods: Iterable[Method],
    limits: Limits,
    store: Store,
    *,
    again: bool,
    hopeless: bool,
) -> Iterator[Row]:
    """Row by row, cases in the order given. What was not tried is told and not stored."""
    methods, lost = list(methods), dict[tuple[str, str], str]()
    for case in cases:
        for method in methods:
            row = Row(case.name, case.family, case.scenarios, method.name, limits, "skipped")
            known, why = store.rows.get(row.key), lost.get((case.family, method.name))
            if known is not None and known.status != "failed" and not again:
                row = known
            elif why is not None and not hopeless:
                yield Row(case.name, case.family, case.scenarios, method.name, limits, "skipped", why)
                continue
            else:
                row = measured(case, method, limits, store.path.parent)
                if row.status != "not installed":
                    store.add(row)
            if case.family and (row.status in HOPELESS or (row.status == "time limit" and row.gap is None)):
                lost[case.family, method.name] = f"{row.status} at {case.scenarios:,} scenarios"
            yield row


def publish(rows: Iterable[Row], folder: Path) -> list[Path]:
    """Write the table and the chart; the paths."""
    order = {name: i for i, name in enumerate(CASES)}
    rank = {name: i for i, name in enumerate(METHODS)}
    rows = sorted(rows, key=lambda row: (order.get(row.case, len(order)), rank.get(row.method, len(rank))))
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"table.md": as_markdown(rows), "table.csv": as_csv(rows)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [*(folder / name for name in texts), *draw(rows, folder)]


def line(row: Row) -> str:
    """A row while it is measured."""
    total = "–" if row.total is None else f"{row.total:,.1f} s"
    gap = "–" if row.gap is None else f"{row.gap:.3%}"
    memory = "–" if row.peak_mb is None else f"{row.peak_mb:,.0f} MB"
    note = f" ({row.note})" if row.note else ""
    return f"{row.case:<15}{row.method:<11}{total:>12}{gap:>10}{memory:>11}  {row.status}{note}"


def machine_mb() -> float:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**2


if __name__ == "__main__":
    main()
