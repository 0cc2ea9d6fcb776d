"""What is made on demand from a result or an instance: reports and model files.

Making one takes seconds to minutes and much memory, so a process of its own makes it, with limits on both and
few at a time. What was made is kept as a blob, so that it is made once; without the blob it is made again.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa
import structlog

import models.faults
from api.child.death import NO_MEMORY
from api.http.deriving import PROGRESS
from api.settings import Settings
from api.store.blobs import Blobs
from api.store.database import insert, writing
from api.store.schema import derived
from models.faults import FaultyAlternatives, FaultyInstance, JobFailed, NotMade, StockpileError, Unavailable
from models.jobs import Problem

AT_ONCE = 2
"""Processes at a time."""
WAITING = 16
"""Under way and waiting for their turn, at most."""
LARGEST = 2**30
"""Bytes of what is made, at most."""
REMEMBERED = 30.0
"""Seconds for which a failure is told without trying again."""
AGAIN = 2.0
"""Seconds after which somebody who waits should ask again."""

Fill = Callable[[Path], None]
"""Writes what is needed into a folder."""
_log = structlog.get_logger(__name__)


@dataclass
class _Making:
    """One thing being made, or that could not be made."""

    begun: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    ended: float | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Progress:
    """How far the making of something is."""

    seconds: float
    """Since it was asked for."""
    begun: bool
    """False while it waits for its turn."""
    doing: str = ""
    done: int = 0
    of: int = 0
    """Of what is being done; 0 where that is not known."""
    error: Exception | None = None
    """Why it was not made; told for a while."""


class Derived:
    """Safe to call from many threads; one for a process."""

    def __init__(self, engine: sa.Engine, blobs: Blobs, settings: Settings) -> None:
        self.engine = engine
        self.blobs = blobs
        self.folder = settings.data / "derived"
        self.seconds = settings.derive_seconds
        self.memory = int(settings.derive_memory_gb * 1e9)
        self.version = version("stockpile")
        self._tidy()
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(AT_ONCE)
        self._makings: dict[tuple[str, str], _Making] = {}

    def _tidy(self) -> None:
        """Remove what a process that was killed has left; of another that lives, nothing."""
        if self.folder.is_dir():
            for left in self.folder.iterdir():
                if left.stat().st_mtime < time.time() - 2 * self.seconds - 3600:
                    shutil.rmtree(left, ignore_errors=True)

    def known(self, source: str, kind: str) -> str | None:
        """Digest of what was made before, if it is still there."""
        d = derived.c
        here = sa.and_(d.source == source, d.kind == kind, d.version == self.version)
        with self.engine.connect() as connection:
            digest = connection.scalar(sa.select(d.blob).where(here))
        return digest if digest is not None and self.blobs.touch(digest) else None

    def ask(
        self, source: str, kind: str, fill: Fill, *, by: str | None = None, patience: float
    ) -> str | None:
        """Digest of what is asked for; None if it is not made within ``patience`` seconds: ask again.

        ``by`` is what has to be made to have it, where that has another name. Raises what making it raised;
        Unavailable if too much is being made already.
        """
        digest = self.known(source, kind)
        if digest is not None:
            return digest
        making = self._join(source, by or kind, fill)
        if not making.done.wait(patience):
            return None
        if making.error is not None:
            raise making.error
        return self.known(source, kind)

    def progress(self, source: str, kind: str) -> Progress | None:
        """How far the making of it is; None if nobody makes it, nor has failed to within some seconds."""
        with self._lock:
            making = self._makings.get((source, kind))
        if making is None or (making.ended is not None and making.error is None):
            return None
        seconds = time.monotonic() - making.begun
        if making.error is not None:
            ended = making.ended
            told = ended is None or time.monotonic() < ended + REMEMBERED
            return Progress(seconds, True, error=making.error) if told else None
        if making.folder is None:
            return Progress(seconds, False)
        try:
            said = json.loads((making.folder / PROGRESS).read_bytes())
            return Progress(seconds, True, str(said["doing"]), int(said["done"]), int(said["of"]))
        except (OSError, ValueError, KeyError):
            return Progress(seconds, True)  # it has said nothing yet, or has just ended

    def _join(self, source: str, kind: str, fill: Fill) -> _Making:
        """The making of it, begun if nobody has."""
        now = time.monotonic()
        with self._lock:
            for key, old in list(self._makings.items()):
                if old.ended is not None and (old.error is None or now > old.ended + REMEMBERED):
                    del self._makings[key]
            making = self._makings.get((source, kind))
            if making is not None:
                return making
            if sum(other.ended is None for other in self._makings.values()) >= WAITING:
                raise Unavailable("Too many reports and models are being made.", retry_after=10)
            making = self._makings[source, kind] = _Making()
        # A daemon, so that the service can end while it waits; the process of its own ends with this one.
        threading.Thread(
            target=self._make, args=(making, source, kind, fill), name=f"making {kind}", daemon=True
        ).start()
        return making

    def _make(self, making: _Making, source: str, kind: str, fill: Fill) -> None:
        log = _log.bind(source=source, kind=kind)
        try:
            with self._turn:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder = Path(tempfile.mkdtemp(dir=self.folder))
                try:
                    (folder / "in").mkdir()
                    fill(folder / "in")
                    making.folder = folder
                    self._run(folder, kind)
                    self._keep(folder, source)
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
            log.info("made on demand", seconds=round(time.monotonic() - making.begun, 3))
        except StockpileError as error:
            making.error = error
            log.warning("not made", error=str(error))
        except Exception as error:
            making.error = error
            log.exception("not made")
        finally:
            making.ended = time.monotonic()
            making.done.set()

    def _run(self, folder: Path, kind: str) -> None:
        """The process, from start to end. Raises what it says went wrong; NotMade for any other end."""
        words = [sys.executable, "-m", "api.http.deriving"]
        words += [str(folder), kind, str(os.getpid()), str(self.memory)]
        # Nothing of the settings, which may hold the password of the database.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STOCKPILE_")}
        with (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=environment,
                start_new_session=True,
            )
            try:
                code = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                raise NotMade(f"It took more than the {self.seconds:g} s allowed.") from None
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        if code == 0:
            return
        told = folder / "problem.json"
        if told.exists():
            problem = Problem.model_validate_json(told.read_bytes())
            # Paths are told as those of the result, not of this machine.
            raise fault_of(
                problem.model_copy(update={"detail": problem.detail.replace(f"{folder / 'in'}/", "")})
            )
        said = (folder / "stderr").read_bytes()[-4000:].decode(errors="replace")
        _log.error("the process that makes it died", kind=kind, code=code, stderr=said)
        if any(word in said for word in (*NO_MEMORY, "out of memory", "memory allocation")):
            raise NotMade(f"It needs more than the {self.memory / 1e9:g} GB allowed.")
        raise NotMade(f"The process that made it died ({f'signal {-code}' if code < 0 else f'code {code}'}).")

    def _keep(self, folder: Path, source: str) -> None:
        for path in (folder / "out").iterdir():
            if path.stat().st_size > LARGEST:
                raise NotMade(f"It has more than {LARGEST:,} bytes; the command line can make it.")
            row = {"source": source, "kind": path.name, "version": self.version}
            value = {"blob": self.blobs.put(path.read_bytes()), "created": time.time()}
            with writing(self.engine) as connection:
                connection.execute(
                    insert(connection, derived)
                    .values(row | value)
                    .on_conflict_do_update(index_elements=["source", "kind", "version"], set_=value)
                )


def fault_of(problem: Problem) -> StockpileError:
    """A problem that another process has told, as the fault of the catalogue that it is."""
    kind = getattr(models.faults, problem.type.rpartition(":")[2], NotMade)
    known = isinstance(kind, type) and issubclass(kind, StockpileError)
    if not known or kind in (FaultyInstance, FaultyAlternatives, JobFailed):
        kind = NotMade
    found: StockpileError = kind(problem.detail)
    return found
