"""A job at a server, from its submission to its end, with a live line and what Ctrl-C means."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.cli.progress import Line, elapsed
from api.cli.remote.where import Where
from api.client import Client, Retry
from api.client.problems import succeeded
from models.faults import StockpileError
from models.jobs import FINAL, Event, Job, Request

if TYPE_CHECKING:
    from api.cli.remote.lines import Words

SUBMITTING = Retry(patience=30.0)
FOLLOWING = Retry(patience=900.0, most=10.0)
"""Once a job is accepted a server may be away for a quarter of an hour."""


def note(text: str) -> None:
    """A line on stderr."""
    print(f"stockpile: {text}", file=sys.stderr, flush=True)


class Session:
    """One job, or several after each other, for one command."""

    def __init__(self, where: Where, line: Line, words: Words) -> None:
        self.where, self.line, self.words = where, line, words
        self.client: Client = where.client(SUBMITTING, self.pause)
        self.job: str | None = None
        self.stop = threading.Event()

    def __enter__(self) -> Session:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.client.close()

    def pause(self, seconds: float, reason: StockpileError) -> None:
        """Between two attempts; Ctrl-C ends them as long as there is no job to come back to."""
        begun = time.monotonic()
        self.line(lambda: f"trying again · {elapsed(time.monotonic() - begun)} · {reason}")
        if self.job is not None:
            time.sleep(seconds)
        elif self.stop.wait(seconds):
            raise KeyboardInterrupt

    def submit(self, prepare: Callable[[Client], Request]) -> Job:
        """Send what the job needs, and the job. Raises KeyboardInterrupt if that is stopped."""
        job = self._interruptible(lambda: self._submit(prepare), "stopping.")
        self.client.retry = FOLLOWING
        return job

    def run(self, prepare: Callable[[Client], Request], stopping: str, *, whatever: bool = False) -> Job:
        """The job when it has ended. The first Ctrl-C asks the server to stop it, the second leaves it.

        ``stopping``: what is said after the first. Raises what made the job fail, unless it is wanted
        ``whatever`` became of it.
        """

        def work() -> Job:
            job = self._submit(prepare)
            self.client.retry = FOLLOWING
            return self.follow(job)

        job = self._interruptible(work, stopping)
        return job if whatever else succeeded(job)

    def watch(self, id: str) -> Job:
        """The job when it has ended, only looked at: Ctrl-C leaves it as it is."""
        self.client.retry = FOLLOWING
        job = self.client.job(id)
        return job if job.state in FINAL else self.follow(job)

    def _interruptible(self, work: Callable[[], Job], stopping: str) -> Job:
        from optimizer.interrupt import stoppable

        def begin(stop: threading.Event) -> Job:
            self.stop = stop
            return work()

        return stoppable(
            begin,
            signal.SIGINT,
            signal.SIGTERM,
            on_stop=lambda: note(stopping),
            on_abort=self._left,
        )

    def _submit(self, prepare: Callable[[Client], Request]) -> Job:
        self.line("sending")
        request = prepare(self.client)
        if self.stop.is_set():
            raise KeyboardInterrupt
        job = self.client.submit(request)
        self.job = job.id
        return job

    def follow(self, job: Job) -> Job:
        """Show what happens to a job until it has ended, and return it."""
        self.job = job.id
        try:
            with self._asking(job.id):
                if job.state not in FINAL:
                    self.words.begin(job, self.line)
                    for event in self.client.watch(job.id):
                        self.show(event)
            self.line("fetching the result")
            return self.client.job(job.id)
        except StockpileError:
            note(f"job {job.id} may go on: {self.where.command('watch', job.id)}")
            raise

    def show(self, event: Event) -> None:
        """An event as the live line."""
        self.words(event, self.line)

    @contextmanager
    def _asking(self, job: str) -> Iterator[None]:
        """Somebody who passes a stop on to the server."""
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                if self.stop.wait(0.1):
                    try:
                        self.client.stop(job)
                    except StockpileError as error:
                        note(f"the server could not be asked to stop: {error}")
                    return

        thread = threading.Thread(target=ask, name="stop", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()

    def _left(self) -> None:
        if self.job is None:
            note("aborted.")
            return
        note(f"left. Job {self.job} goes on at the server.")
        note(f"  Result: {self.where.command('fetch', self.job)}")
        note(f"  End it: {self.where.command('cancel', self.job)}")


def detached(session: Session, prepare: Callable[[Client], Request], *, as_json: bool) -> int:
    """Submit and say which job it is."""
    from api.cli.output import emit, say

    job = session.submit(prepare)
    if as_json:
        emit({"job": job.id, "state": job.state, "server": session.where.url})
        return 0
    say(job.id)
    if sys.stderr.isatty():
        note(f"fetch the result with: {session.where.command('fetch', job.id)}")
    return 0
