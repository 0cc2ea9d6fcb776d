"""The child process of a batch: solves one instance and writes it down.

It ends with 0 when ``outcome.json`` says what came of it, whatever that is. Anything else means that it died;
its parent then writes the outcome.
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import asdict

from models import files
from models.faults import StockpileError
from models.instance import Instance
from optimizer.batch.outcome import FAILED, NO_PLAN, PLAN, Outcome, figures, of_error
from optimizer.batch.request import Request, key
from optimizer.exits import exit_code
from optimizer.interrupt import stoppable
from optimizer.results import write_results


def main(request: Request) -> None:
    """Solve, write results and outcome."""
    started = time.perf_counter()
    try:
        instance = files.read(request.path)
        result = _solve(instance, request)
    except Exception as error:  # whatever it is, it is this instance's outcome
        if not isinstance(error, StockpileError):
            sys.excepthook(type(error), error, error.__traceback__)
        result = Outcome(request.name, request.path, request.folder, FAILED, **of_error(error))
    spent = {"seconds": time.perf_counter() - started, "memory_mb": _peak_memory()}
    Outcome(**{**asdict(result), **spent}).write()


def _solve(instance: Instance, request: Request) -> Outcome:
    from optimizer.solve import solve  # an instance with faults need not wait for it

    # Others run beside it, and its memory is limited: no processes of its own.
    plan = stoppable(lambda stop: solve(instance, request.options, stop=stop, pool="threads"), signal.SIGTERM)
    write_results(instance, plan, request.folder, request.formats)
    return Outcome(
        name=request.name,
        path=request.path,
        folder=request.folder,
        outcome=PLAN if plan.commitments is not None else NO_PLAN,
        exit_code=exit_code(plan),
        status=plan.status,
        fingerprint=plan.fingerprint,
        key=key(instance, request),
        figures=figures(plan),
    )


def _peak_memory() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def limit_memory(limit: int) -> None:
    """At most so many bytes of data; more raises MemoryError or ends the process. Linux only."""
    if sys.platform == "linux" and 0 < limit < 2**62:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
