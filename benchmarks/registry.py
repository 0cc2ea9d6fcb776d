"""What is measured: cases by methods.

Cases of a family differ in the number of scenarios alone, so that growth can be told from them. The family
``bench`` is the first n scenarios of ``bench-10000``; its larger files are carried compressed.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from models.files import read, write
from optimizer.scenarios import sample, with_scenarios

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks" / "cases"
REAL = ROOT / "instances" / "us-vault-2026"
SIZES = (10, 30, 100, 300, 1_000, 3_000)
"""Of the family ``bench``, whose last is ``bench-10000`` as it stands."""
SEED = 20260701
"""Of the sampled scenarios of the real case."""


@dataclass(frozen=True)
class Case:
    """One instance to measure on."""

    name: str
    scenarios: int
    """As many as are asked for: sampled ones that are alike become one."""
    source: Path
    """File or folder; read as it is where nothing has to be made of it."""
    family: str = ""
    """Empty: stands alone."""
    make: Callable[[Path, Path], None] | None = None
    """Writes the instance: from the source, to a JSON file."""

    def file(self, folder: Path) -> Path:
        """The instance as a file or folder; what has to be made is made in ``folder``."""
        if self.make is None:
            return self.source
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{self.name}.json"
        self.make(self.source, made)
        return made


def first(source: Path, made: Path, n: int | None = None) -> None:
    """The first n scenarios of a compressed instance (None: all).

    Probabilities grow by the same factor, so that their sum stays what it is in the whole and the undisturbed
    scenario stays as likely. Limits on loss stay as they are. Raises ValueError if there are fewer.
    """
    data = gzip.decompress(source.read_bytes())
    if n is not None:
        instance = json.loads(data)
        rows = instance["scenarios"]
        if len(rows) < n:
            raise ValueError(f"{source.name} has {len(rows)} scenarios, fewer than {n}")
        kept = rows[:n]
        factor = sum(row["probability"] for row in rows) / sum(row["probability"] for row in kept)
        instance["scenarios"] = [{**row, "probability": row["probability"] * factor} for row in kept]
        instance["name"] = made.stem
        data = json.dumps(instance).encode()
    made.write_bytes(data)


def sampled(source: Path, made: Path, n: int) -> None:
    """An instance with n scenarios sampled from its hazards in place of its own."""
    instance = read(source)
    write(with_scenarios(instance, sample(instance, n, SEED)), made)


def _first(n: int) -> Callable[[Path, Path], None]:
    return lambda source, made: first(source, made, n)


def _sampled(n: int) -> Callable[[Path, Path], None]:
    return lambda source, made: sampled(source, made, n)


_LARGE = HERE / "bench-10000.json.gz"
CASES = {
    case.name: case
    for case in (
        *(Case(f"first-{n}", n, _LARGE, "bench", _first(n)) for n in SIZES),
        Case("bench-10000", 10_000, _LARGE, "bench", first),
        Case("bench-20", 20, HERE / "bench-20.json"),
        Case("bench-100", 100, HERE / "bench-100.json"),
        Case("bench-1000", 1_000, HERE / "bench-1000.json.gz", "", first),
        Case("us-vault-2026", 31, REAL),
        *(Case(f"us-vault-{n}", n, REAL, "us-vault", _sampled(n)) for n in (30, 300)),
    )
}


@dataclass(frozen=True)
class Method:
    """One way from an instance to a plan with a bound."""

    name: str
    module: str
    """Has ``run(asked, steps)``; see :mod:`benchmarks.methods`."""
    needs: tuple[str, ...] = ()
    """Distributions beyond the project's own (dependency group ``bench``)."""

    def missing(self) -> list[str]:
        """What it needs and is not installed."""
        return [name for name in self.needs if installed(name) is None]


def installed(distribution: str) -> str | None:
    """Its version, None if it is not there."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


METHODS = {
    method.name: method
    for method in (
        Method("decompose", "benchmarks.methods.own"),
        Method("extensive", "benchmarks.methods.own"),
        Method("highs", "benchmarks.methods.own"),
        Method("linopy", "benchmarks.methods.by_linopy", ("linopy",)),
        Method("pyomo", "benchmarks.methods.by_pyomo"),
        Method("mpi-sppy", "benchmarks.methods.by_mpisppy", ("mpi-sppy",)),
    )
}
PHASES = ("reading", "building", "solving")
"""In each process, one after the other. Solving has two parts where a method tells them apart: relaxation and
search."""
