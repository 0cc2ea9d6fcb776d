"""``stockpile evaluate``."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Json, emit, records, say
from api.cli.progress import Line, elapsed, live
from api.cli.remote.where import Detach, Insecure, Key, Server, where
from api.cli.solve import Threads, options

if TYPE_CHECKING:
    from optimizer.evaluate import Evaluation, EvaluationProgress

NAME = "evaluate"


def command(
    path: Annotated[Path, typer.Argument(metavar="plan", help="Folder written by solve.")],
    *,
    n: Annotated[
        int | None,
        typer.Option(
            "--n", help="Scenarios drawn from the hazards, e.g. --n 10000; 1000 unless told.", min=1
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws, e.g. --seed 7.", min=0)] = 0,
    rate: Annotated[
        str | None,
        typer.Option(
            "--rate", help="Other rates of hazards: a row of hazard_rates or a factor, e.g. --rate high."
        ),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            "--scenarios",
            help="Given scenarios instead: those of another instance, e.g. --scenarios stress.yaml.",
        ),
    ] = None,
    way: Annotated[
        str,
        typer.Option(
            "--way",
            help="How operations are chosen, of tree, foresight, rolling, e.g. --way foresight,rolling.",
        ),
    ] = "foresight",
    rolling_n: Annotated[
        int,
        typer.Option("--rolling-n", help="Of the draws, how many are rolled, e.g. --rolling-n 200.", min=1),
    ] = 200,
    branches: Annotated[
        int,
        typer.Option(
            "--branches", help="Continuations looked at in each period rolled, e.g. --branches 20.", min=1
        ),
    ] = 8,
    information: Annotated[
        bool,
        typer.Option(
            "--information", help="Also what knowing the future would be worth, on the plan's own scenarios."
        ),
    ] = False,
    bounds: Annotated[
        bool, typer.Option("--bounds", help="Also how far from the best plan, by sampled replications.")
    ] = False,
    replications: Annotated[
        int,
        typer.Option("--replications", help="Of --bounds: samples solved, e.g. --replications 10.", min=2),
    ] = 5,
    replication_n: Annotated[
        int, typer.Option("--replication-n", help="Of --bounds: draws in each of them.", min=2)
    ] = 30,
    processes: Annotated[
        int | None, typer.Option("--processes", help="Processes at a time; all cores unless told.", min=1)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for the tables, e.g. --out out/unseen; PLAN/evaluation unless told."
        ),
    ] = None,
    threads: Threads = None,
    as_json: Json = False,
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    detach: Detach = False,
) -> int:
    """Evaluate a plan on scenarios it was not made for: commitments fixed, every scenario solved.

    Ways: foresight (each scenario known from its first event on, a bound), rolling (period by period, not
    knowing what comes), tree (all as one tree, exact for what the tree knows). Ctrl-C once keeps what is
    done; twice aborts. With --server a server does the work: once stops it there, twice leaves it running.

    Example: stockpile evaluate out/base --n 10000 --seed 7 --way foresight,rolling
    """
    if scenarios is not None and (n is not None or rate is not None):
        raise typer.BadParameter("--scenarios are given; --n and --rate draw them.")
    chosen = options(threads=threads)
    there = where(server, key, insecure, detach)
    ways = [word.strip() for word in way.split(",") if word.strip()]
    folder = out or (path if path.is_dir() else path.parent) / "evaluation"
    with live("reading the plan"):
        from models import files
        from optimizer.results import read_results

        instance, plan = read_results(path)
        given = files.read(scenarios) if scenarios is not None else None
    if there is not None:
        from api.cli.remote.evaluate import evaluate_there

        asked = {
            "n": n or 1000, "seed": seed, "rate": _rate(rate), "ways": ways, "rolling_n": rolling_n,
            "branches": branches, "information": information, "bounds": bounds,
            "replications": replications, "replication_n": replication_n, "options": chosen,
        }  # fmt: skip
        return evaluate_there(
            there, instance, plan, given, asked, processes=processes, folder=folder, as_json=as_json
        )
    with live("loading the solver") as line:
        from optimizer.evaluate import Draw, Replications, evaluate, write_evaluation
        from optimizer.interrupt import stoppable

        what = Draw(n or 1000, seed, _rate(rate)) if given is None else given.scenarios
        replicated = Replications(replications, replication_n) if bounds else None
        evaluation = stoppable(
            lambda stop: evaluate(
                instance,
                plan,
                what,
                ways=ways,
                rolling_n=rolling_n,
                branches=branches,
                processes=processes,
                options=chosen,
                progress=_teller(line) if line.shown else None,
                stop=stop,
                information=information,
                bounds=replicated,
            ),
            signal.SIGINT,
            signal.SIGTERM,
            on_stop=lambda: print("stockpile: stopping with what is done; Ctrl-C again aborts.",
                                  file=sys.stderr, flush=True),
        )  # fmt: skip
        line("writing")
        write_evaluation(evaluation, folder)
    return show(evaluation, folder, as_json=as_json)


def show(evaluation: Evaluation, folder: Path, *, as_json: bool) -> int:
    """Print an evaluation that is in a folder, and return the exit code."""
    if as_json:
        emit(document(evaluation, folder))
    else:
        from optimizer.evaluate.page import page

        say(page(evaluation))
        say(f"Written to {folder}")
    return _code(evaluation)


def _rate(text: str | None) -> float | str | None:
    """A factor, or the id of a row of hazard_rates."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _teller(line: Line) -> Any:
    """Shows the last progress, its seconds running on until the next one."""

    def tell(progress: EvaluationProgress) -> None:
        came = time.monotonic()

        def says() -> str:
            seconds = progress.seconds + time.monotonic() - came
            return f"{progress.way} · {elapsed(seconds)} · {progress.done:,} of {progress.total:,} scenarios"

        line(says)

    return tell


def document(evaluation: Evaluation, folder: Path) -> dict[str, Any]:
    """What --json prints: everything but the table by scenario, which is in the folder."""
    short = {name: records(t) for name, t in evaluation.tables.items() if name != "scenarios"}
    return {**evaluation.head(), "folder": str(folder), "tables": short}


def _code(evaluation: Evaluation) -> int:
    from optimizer.exits import PLAN, STOPPED

    return PLAN if not evaluation.tables["scenarios"].empty else STOPPED
