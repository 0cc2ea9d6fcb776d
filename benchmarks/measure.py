"""One measurement, in the process that this is: ``python -m benchmarks.measure '{...}'``.

What it learns goes line by line into a diary (:class:`benchmarks.methods.Steps`), read by
:mod:`benchmarks.apart`.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import cast

from benchmarks.methods import Asked, NotPossible, Run, Steps
from benchmarks.registry import METHODS


def peak_mb() -> float:
    """The most memory this process has ever had resident; MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def main() -> None:
    """Measure as the first argument says: path, method, gap, seconds, threads, diary, alarm."""
    words = json.loads(sys.argv[1])
    signal.alarm(words["alarm"])
    deadline = time.monotonic() + words["seconds"]
    asked = Asked(Path(words["path"]), words["method"], words["gap"], deadline, words["threads"])
    # Libraries are loaded before any clock runs.
    run = cast(Run, importlib.import_module(METHODS[asked.method].module).run)
    with Path(words["diary"]).open("a", encoding="utf-8") as file:
        steps = Steps(file)
        try:
            found = run(asked, steps)
        except NotPossible as reason:
            steps.write(not_possible=str(reason))
        else:
            steps.write(found=asdict(found))
        steps.write(peak_mb=peak_mb())


if __name__ == "__main__":
    main()
