"""Subproblems dealt to workers that may die: what is lost is rebuilt from the programme and asked again.

A rebuilt shard starts without its bases, so it may answer with other multipliers than the lost one would
have; its cuts hold all the same. The plan is another matter: it was made of what all shards did at one point,
and what one of them takes too much another may have left. So the lost part is asked for again with
allowances of what it used then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from models.faults import PoolFailed, SolverFailed
from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines
from optimizer.decompose.oracle import Heard, least
from optimizer.decompose.pools.port import Asked, Stopped
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
from optimizer.decompose.pools.shards import deal, shard, together
from optimizer.decompose.pools.workers import Lost, Workers
from optimizer.highs.spans import positions

DEATHS = 3
"""Workers that one shard may lose in a row, without an answer in between."""
TICK = 0.05
"""Seconds between two looks at whether to stop."""
GRACE = 5.0
"""Seconds after a stop within which a worker answers, or counts as lost."""
DETERRENT = 8.0
"""Factor on fines where a lost part of the plan is asked for again: no use beyond what it was."""
KEPT_WITHIN = 1e-6
"""What a joining row may be broken by more then, relatively: ten times what a plan may in all."""


@dataclass
class _Shard:
    """One worker's part, as the master knows it."""

    sent: list[Request] = field(default_factory=list)
    """What has not been answered yet."""
    alive: bool = True
    answered: bool = False
    """The worker did what was last asked, so that it can keep it."""
    keeps: bool = False
    """The worker has what was last kept."""
    deaths: int = 0
    reason: str = ""


class Sharded:
    """A pool of workers: a shard each."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self._shards = [_Shard() for _ in range(workers.count)]
        self._come: deque[tuple[int, Reply | Lost]] = deque()

    @property
    def words(self) -> str:
        """Where they are."""
        return self.workers.words

    def hold(self, allowed: Allowed, *, seed: int, halted: Callable[[], bool]) -> Asked:
        """Deal the subproblems of a programme out."""
        return ShardedOracle(allowed, self, seed, halted)

    def close(self) -> None:
        """End the workers."""
        self.workers.close()

    # ---- requests and what comes back

    def exchange(
        self,
        count: int,
        again: Callable[[int], Request],
        ask: Callable[[int], list[Request]],
        halted: Callable[[], bool] | None,
    ) -> list[list[Reply]]:
        """Send the first ``count`` workers what ``ask`` says and wait for all answers.

        One that is lost gets ``again`` and what ``ask`` says then. Raises Stopped once ``halted``, PoolFailed
        where workers of one shard die again and again, SolverFailed.
        """
        for k in range(count):
            if not self._shards[k].alive:
                self._revive(k, again)
        asked = [ask(k) for k in range(count)]
        for k, requests in enumerate(asked):
            for request in requests:
                self.send(k, request)
        answers: list[list[Reply]] = [[] for _ in range(count)]
        since: float | None = None
        while any(len(answers[k]) < len(asked[k]) for k in range(count)):
            if since is None and halted is not None and halted():
                since = time.monotonic()
                self.workers.halt()
            self._come.extend(self.workers.take(TICK))
            # What is left when one of them raises is for the next exchange.
            while self._come:
                k, reply = self._come.popleft()
                s = self._shards[k]
                if isinstance(reply, Lost):
                    self._lose(k, reply.reason)
                    if since is None and k < count and len(answers[k]) < len(asked[k]):
                        self._revive(k, again)
                        asked[k], answers[k] = ask(k), []
                        for request in asked[k]:
                            self.send(k, request)
                    continue
                request = s.sent.pop(0)
                mine = k < count and any(request is one for one in asked[k])
                # What failed in a round that was given up has been told.
                if mine or isinstance(request, Hold):
                    self._check(k, request, reply)
                if mine:
                    answers[k].append(reply)
            if since is not None and self._ended(count, time.monotonic() - since):
                raise Stopped
        return answers

    def send(self, k: int, request: Request) -> None:
        """Ask worker k; its answer comes with the next exchange."""
        if self._shards[k].alive:
            self._shards[k].sent.append(request)
            self.workers.send(k, request)

    def _check(self, k: int, request: Request, reply: Reply) -> None:
        if isinstance(reply, Failed):
            if reply.solver:
                raise SolverFailed(reply.solver)
            raise PoolFailed(f"A worker failed:\n{reply.traceback}")
        if isinstance(reply, Holding) and reply.versions != versions():
            there = ", ".join(sorted(set(reply.versions) - set(versions())))
            raise PoolFailed(f"A worker has other versions ({there}) than this process.")
        if isinstance(request, Ask):
            self._shards[k].answered, self._shards[k].deaths = True, 0

    def _lose(self, k: int, reason: str) -> None:
        s = self._shards[k]
        s.sent.clear()
        s.alive = s.answered = s.keeps = False
        s.deaths, s.reason = s.deaths + 1, reason

    def _revive(self, k: int, again: Callable[[int], Request]) -> None:
        s = self._shards[k]
        if s.deaths >= DEATHS:
            raise PoolFailed(f"{s.deaths} workers in a row died on one part; the last: {s.reason}")
        self.workers.start(k)
        self._come = deque(one for one in self._come if one[0] != k)
        s.alive = True
        self.send(k, again(k))

    def _ended(self, count: int, seconds: float) -> bool:
        """Whether nothing is under way any more after a stop; who is too late counts as lost."""
        busy = [k for k in range(count) if self._shards[k].sent]
        if busy and seconds < GRACE:
            return False
        for k in busy:
            self._lose(k, "it did not answer when it was to stop.")
        return True

    def shard(self, k: int) -> _Shard:
        """What is known of worker k."""
        return self._shards[k]


@dataclass(frozen=True)
class _Round:
    """A point at which all shards were asked, and what they used."""

    y: Vector
    fines: Fines
    use: Vector
    size: Vector


class ShardedOracle:
    """The subproblems of one programme, held by the workers of a pool."""

    def __init__(self, allowed: Allowed, pool: Sharded, seed: int, halted: Callable[[], bool]) -> None:
        self.allowed, self.rounds, self.iterations = allowed, 0, 0
        self._pool, self._seed, self._halted = pool, seed, halted
        self._which = deal(allowed, pool.workers.count)
        self._fines, self._charged = Fines(np.zeros(len(allowed.sides[0])), np.zeros(allowed.width)), 0
        self._last: _Round | None = None
        self._kept: _Round | None = None
        for k in range(len(self._which)):
            pool.send(k, self._hold(k))

    def _hold(self, k: int) -> Hold:
        return Hold(shard(self.allowed, self._which[k]), self._seed)

    def close(self) -> None:
        """Let go of the subproblems."""
        for k in range(len(self._which)):
            self._pool.send(k, LetGo())

    def floor(self) -> Vector:
        """By subproblem: what it costs at least, wherever the master stands."""
        return least(self.allowed)

    def charge(self, fines: Fines) -> None:
        """Fines from now on."""
        self._fines, self._charged = fines, self._charged + 1

    def ask(self, y: Vector, exact: bool = False) -> Heard:
        """Ask all subproblems. Raises Stopped, PoolFailed, SolverFailed."""
        request = Ask(y, self._fines, self._charged, exact)
        replies = self._pool.exchange(len(self._which), self._hold, lambda _: [request], self._halted)
        answers = [_answered(replies[k][0]) for k in range(len(self._which))]
        self.rounds += 1
        self.iterations += sum(answer.iterations for answer in answers)
        heard = together(self._which, [answer.heard for answer in answers])
        self._last = _Round(y.copy(), self._fines, heard.use, heard.size)
        return heard

    def keep(self) -> None:
        """Remember what the subproblems did in the last round."""
        self._kept = self._last
        for k in range(len(self._which)):
            self._pool.send(k, Keep())
            s = self._pool.shard(k)
            s.keeps = s.answered

    def kept(self) -> Vector:
        """Columns of the subproblems as they were when last kept; what was lost is found again."""
        kept = self._kept
        if kept is None:
            return np.empty(0)
        use, size = kept.use.copy(), kept.size.copy()
        again = Ask(self._as_used(kept), kept.fines * DETERRENT, -2, regardless=True)

        def recall(k: int) -> list[Request]:
            return [Kept()] if self._pool.shard(k).keeps else [again, Keep(), Kept()]

        replies = self._pool.exchange(len(self._which), self._hold, recall, None)
        x = np.zeros(len(self.allowed.low))
        for which, parts in zip(self._which, replies, strict=True):
            last = parts[-1]
            assert isinstance(last, np.ndarray)
            x[positions(self.allowed.whole.subproblems.column_start, which)] = last
            if len(parts) > 1:
                heard = _answered(parts[0]).heard
                use[which], size[which] = heard.use, heard.size
        before = self.allowed.broken(kept.y, kept.use, kept.size)
        if self.allowed.broken(kept.y, use, size) > before + KEPT_WITHIN:
            raise SolverFailed("a part of the plan was lost with a worker and could not be found again.")
        return x

    def _as_used(self, at: _Round) -> Vector:
        """The point with allowances of what was used: nothing below costs less without more of something."""
        a = self.allowed
        weight = a.whole.subproblems.weight
        y = at.y.copy()
        y[len(y) - len(a.owner) :] = at.use[a.owner, a.row] / weight[a.owner]
        return y


def _answered(reply: Reply) -> Answered:
    assert isinstance(reply, Answered)
    return reply
