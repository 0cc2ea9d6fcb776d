"""One worker: an Oracle on a shard, on one thread."""

from __future__ import annotations

import threading
import traceback

from models.faults import SolverFailed
from optimizer.decompose.oracle import Oracle
from optimizer.decompose.pools.requests import (
    Answered,
    Ask,
    Failed,
    Hold,
    Holding,
    Keep,
    Kept,
    LetGo,
    Reply,
    Request,
    versions,
)


class Worker:
    """Answers requests one after the other; :meth:`halt` may come from another thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._regardless = False
        self._oracle: Oracle | None = None
        self._charged = -1

    def halt(self) -> None:
        """Leave what is under way: the master has been stopped."""
        self._stop.set()

    def answer(self, request: Request) -> Reply:
        """Do what is asked. An error is an answer too; only the end of the process is not."""
        try:
            return self._answer(request)
        except SolverFailed as error:
            return Failed(error.detail)
        except Exception:  # told where the request came from, and raised there
            return Failed("", traceback.format_exc())

    def _answer(self, request: Request) -> Reply:
        if isinstance(request, Hold):
            self._drop()
            self._charged = -1
            self._oracle = Oracle(request.allowed, threads=1, seed=request.seed, halted=self._halted)
            return Holding(versions())
        if isinstance(request, LetGo):
            self._drop()
            return None
        oracle = self._oracle
        if oracle is None:
            raise SolverFailed("a worker was asked for subproblems that it does not hold.")
        if isinstance(request, Keep):
            oracle.keep()
            return None
        if isinstance(request, Kept):
            return oracle.kept()
        return self._ask(oracle, request)

    def _ask(self, oracle: Oracle, request: Ask) -> Answered:
        # As often as the master does, not oftener: costs handed over again could change a vertex.
        if request.charged != self._charged:
            oracle.charge(request.fines)
            self._charged = request.charged
        before, self._regardless = oracle.iterations, request.regardless
        heard = oracle.ask(request.y, request.exact)
        return Answered(heard, oracle.iterations - before)

    def _halted(self) -> bool:
        return self._stop.is_set() and not self._regardless

    def _drop(self) -> None:
        if self._oracle is not None:
            self._oracle.close()
            self._oracle = None
